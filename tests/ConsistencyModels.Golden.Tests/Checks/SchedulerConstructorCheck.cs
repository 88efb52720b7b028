using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>The double-precision tables after construction.</summary>
internal sealed class SchedulerConstructorCheck : IGoldenCheck
{
    public string Kind => "scheduler_constructor";

    public void Check(GoldenCase golden)
    {
        foreach (var item in golden.Json.Objects("cases"))
        {
            var scheduler = new CMStochasticIterativeScheduler(SchedulerTraceCheck.ConfigOf(item));
            SchedulerTraceCheck.HasTypes(item, sigmas: "torch.float64");
            Near.Equal(item.Numbers("sigmas_f64"), [.. scheduler.Sigmas], 1e-13, 0, "sigmas");
            Near.Equal(item.Numbers("timesteps_f64"), [.. scheduler.Timesteps], 1e-12, 1e-10, "timesteps");
            Assert.Equal(item.Number("init_noise_sigma"), scheduler.InitNoiseSigma);
            Assert.Equal(item.Int("len"), scheduler.Config.NumTrainTimesteps);
            item.Ignore("note", "words");
        }
    }
}
