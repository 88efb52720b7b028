using System.Text.Json;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>A whole schedule with given network outputs and noise, each step's result fed to the next.</summary>
internal sealed class SchedulerTraceCheck : IGoldenCheck
{
    private const double Relative = 1e-6;

    public string Kind => "scheduler_trace";

    public void Check(GoldenCase golden)
    {
        var json = golden.Json;
        var scheduler = new CMStochasticIterativeScheduler(ConfigOf(json));
        ConfigHasTheReferencesDefaults(json.GetProperty("full_config"), scheduler.Config);
        Near.Equal(
            json.GetProperty("initial_sigmas_f64_first_last").Doubles(), [scheduler.Sigmas[0], scheduler.Sigmas[^1]], 1e-13, 0, "initial sigmas");
        Assert.Equal(json.GetProperty("initial_timesteps_len").GetInt32(), scheduler.Timesteps.Count);

        scheduler = Prepare(json);
        Assert.Equal(json.GetProperty("init_noise_sigma").GetDouble(), scheduler.InitNoiseSigma);
        Near.Equal(json.GetProperty("sigmas_f32").Doubles(), [.. scheduler.Sigmas], 1e-7, 0, "sigmas");
        Near.Equal(json.GetProperty("timesteps_f64").Doubles(), [.. scheduler.Timesteps], 1e-12, 1e-10, "timesteps");
        Assert.Equal(json.GetProperty("custom_timesteps").GetBoolean(), scheduler.CustomTimesteps);
        Assert.Equal(json.Optional("num_inference_steps_attr")?.GetInt32(), scheduler.NumInferenceSteps);
        Steps(golden, scheduler);
    }

    internal static CMStochasticIterativeSchedulerConfig ConfigOf(JsonElement json) =>
        CMStochasticIterativeSchedulerConfig.FromJson(json.GetProperty("config").GetRawText());

    internal static CMStochasticIterativeScheduler Prepare(JsonElement json)
    {
        var scheduler = new CMStochasticIterativeScheduler(ConfigOf(json));
        var how = json.GetProperty("set_timesteps");
        scheduler.SetTimesteps(how.Optional("num_inference_steps")?.GetInt32(), how.Optional("timesteps")?.Ints());
        return scheduler;
    }

    private static void ConfigHasTheReferencesDefaults(JsonElement full, CMStochasticIterativeSchedulerConfig config)
    {
        using var ours = JsonDocument.Parse(config.ToJson());
        foreach (var setting in full.EnumerateObject())
        {
            Assert.Equal(setting.Value.GetRawText(), ours.RootElement.GetProperty(setting.Name).GetRawText());
        }
    }

    private static void Steps(GoldenCase golden, CMStochasticIterativeScheduler scheduler)
    {
        var sample = golden.Floats("sample");
        var images = golden.Shape("sample")[0];
        var outputs = golden.Floats("model_output");
        var scaled = golden.Floats("scaled");
        var results = golden.Floats("prev_sample");
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var indices = golden.Json.GetProperty("step_index_at_each_step").Ints();
        var scalings = golden.Json.GetProperty("scalings_per_step_boundary_cskip_cout_then_edm_cskip_cout");
        Assert.Equal(indices.Length, scheduler.Timesteps.Count);

        var input = new float[sample.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            var step = (i * sample.Length)..((i + 1) * sample.Length);
            var timestep = scheduler.Timesteps[i];
            scheduler.ScaleModelInput(sample, timestep, input);
            Assert.Equal(indices[i], scheduler.StepIndex);
            Near.EqualToScale(scaled[step], input, Relative, $"scaled, step {i}");

            var sigma = (float)scheduler.Sigmas[i];
            var (skip, scale) = scheduler.GetScalingsForBoundaryCondition(sigma);
            var (edmSkip, edmScale) = scheduler.GetScalings(sigma);
            Near.Equal(scalings[i].Doubles(), [skip, scale, edmSkip, edmScale], Relative, 0, $"scalings, step {i}");

            // In place, as the pipeline does it.
            scheduler.Step(outputs[step], timestep, sample, noise, images, sample);
            Near.EqualToScale(results[step], sample, Relative, $"prev_sample, step {i}");
        }

        Assert.Equal(golden.Json.GetProperty("noise_draws").GetInt32(), noise.Draws);
    }
}
