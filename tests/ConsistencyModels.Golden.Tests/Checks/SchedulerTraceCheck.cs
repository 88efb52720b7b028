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
        ConfigHasTheReferencesDefaults(json.Get("full_config"), scheduler.Config);
        Near.Equal(json.Numbers("initial_sigmas_f64_first_last"), [scheduler.Sigmas[0], scheduler.Sigmas[^1]], 1e-13, 0, "initial sigmas");
        Assert.Equal(json.Int("initial_timesteps_len"), scheduler.Timesteps.Count);

        scheduler = Prepare(json);
        HasTypes(json, sigmas: "torch.float32");
        Assert.Equal(json.Number("init_noise_sigma"), scheduler.InitNoiseSigma);
        Near.Equal(json.Numbers("sigmas_f32"), [.. scheduler.Sigmas], 1e-7, 0, "sigmas");
        Near.Equal(golden.Floats("sigmas"), [.. scheduler.Sigmas.Select(sigma => (float)sigma)], 1e-7, 0, "sigmas");
        Near.Equal(json.Numbers("timesteps_f64"), [.. scheduler.Timesteps], 1e-12, 1e-10, "timesteps");
        Near.Equal(golden.Floats("timesteps_f32"), [.. scheduler.Timesteps.Select(timestep => (float)timestep)], 1e-6, 1e-4, "timesteps");
        Assert.Equal(json.Flag("custom_timesteps"), scheduler.CustomTimesteps);
        Assert.Equal(json.Find("num_inference_steps_attr")?.GetInt32(), scheduler.NumInferenceSteps);
        Steps(golden, scheduler);
    }

    /// <summary>A case's settings, every one of which is one of the scheduler's.</summary>
    internal static CMStochasticIterativeSchedulerConfig ConfigOf(GoldenArguments json, string key = "config")
    {
        var config = CMStochasticIterativeSchedulerConfig.FromJson(json.Get(key).GetRawText());
        Assert.Empty(config.Extras);
        return config;
    }

    /// <summary>A case's scheduler after its set_timesteps.</summary>
    internal static CMStochasticIterativeScheduler Prepare(GoldenArguments json)
    {
        var scheduler = new CMStochasticIterativeScheduler(ConfigOf(json));
        var how = json.Object("set_timesteps");
        scheduler.SetTimesteps(how.Find("num_inference_steps")?.GetInt32(), how.Find("timesteps") is null ? null : how.Ints("timesteps"));
        return scheduler;
    }

    /// <summary>In which precision the reference holds its tables: the one in which they are compared.</summary>
    internal static void HasTypes(GoldenArguments json, string sigmas)
    {
        Assert.Equal(sigmas, json.Text("sigmas_dtype"));
        Assert.Equal("torch.float64", json.Text("timesteps_dtype"));
    }

    private static void ConfigHasTheReferencesDefaults(JsonElement full, CMStochasticIterativeSchedulerConfig config)
    {
        using var ours = JsonDocument.Parse(config.ToJson());
        foreach (var setting in full.EnumerateObject())
        {
            Assert.True(JsonElement.DeepEquals(setting.Value, ours.RootElement.GetProperty(setting.Name)), $"full_config.{setting.Name}");
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
        var indices = golden.Json.Ints("step_index_at_each_step");
        var scalings = golden.Json.Get("scalings_per_step_boundary_cskip_cout_then_edm_cskip_cout");
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
            Near.Equal([.. scalings[i].EnumerateArray().Select(value => value.GetDouble())], [skip, scale, edmSkip, edmScale], Relative, 0, $"scalings, step {i}");

            // In place, as the pipeline does it.
            scheduler.Step(outputs[step], timestep, sample, noise, images, sample);
            Near.EqualToScale(results[step], sample, Relative, $"prev_sample, step {i}");
        }

        Assert.Equal(golden.Json.Int("noise_draws"), noise.Draws);
    }
}
