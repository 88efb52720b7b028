using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>The double-precision tables after construction.</summary>
internal sealed class SchedulerConstructorCheck : IGoldenCheck
{
    public string Kind => "scheduler_constructor";

    public void Check(GoldenCase golden)
    {
        foreach (var item in golden.Json.GetProperty("cases").EnumerateArray())
        {
            var config = CMStochasticIterativeSchedulerConfig.FromJson(item.GetProperty("config").GetRawText());
            var scheduler = new CMStochasticIterativeScheduler(config);
            Near.Equal(item.GetProperty("sigmas_f64").Doubles(), [.. scheduler.Sigmas], 1e-13, 0, "sigmas");
            Near.Equal(item.GetProperty("timesteps_f64").Doubles(), [.. scheduler.Timesteps], 1e-12, 1e-10, "timesteps");
            Assert.Equal(item.GetProperty("init_noise_sigma").GetDouble(), scheduler.InitNoiseSigma);
            Assert.Equal(item.GetProperty("len").GetInt32(), scheduler.Config.NumTrainTimesteps);
        }
    }
}
