using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Whole generations with the reference's network and noise: the sample after every step and the images in all forms.</summary>
internal sealed class PipelineCheck : IGoldenCheck
{
    // Rounding of other kernels: 3e-6 is measured where every step is clipped, which keeps it small.
    private const double Allowed = 1e-4;

    public string Kind => "pipeline";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in Engines.All)
        {
            Check(golden, engine);
        }
    }

    /// <summary>The configuration of a case's network.</summary>
    internal static UNet2DConfig Config(GoldenCase golden) => UNet2DConfig.Load(Path.Combine(NetworkFolder(golden), "config.json"));

    private static string NetworkFolder(GoldenCase golden) => GoldenFolder.Find(golden.Json.Text("unet_dir"));

    private static void Check(GoldenCase golden, INetworkEngine engine)
    {
        var scheduler = SchedulerTraceCheck.ConfigOf(golden.Json, "scheduler_config");
        var arguments = PipelineCall.Options(golden.Json.Object("call_kwargs")) with { BatchSize = golden.Json.Int("batch_size") };
        var plan = Scheduler(golden, scheduler, arguments);
        var latents = golden.Floats("latents");
        var afterSteps = golden.Floats("sample_after_step");
        using var weights = WeightFiles.Open(NetworkFolder(golden));
        using var own = engine.Load(Config(golden), weights, new EngineOptions());

        // Without clipping each step of a random network amplifies the rounding of those before it, up to 5e-3 in ten steps. So
        // there the network sees the recorded sample in every step.
        using var network = scheduler.ClipDenoised ? own : new RecordedInputs(own, Inputs(plan, latents, afterSteps), Allowed);
        using var pipeline = new ConsistencyModelPipeline(network, scheduler);
        var draws = golden.Json.Texts("rng_draws_in_order");
        var given = golden.Json.Flag("latents_given");
        Assert.Equal(draws.Contains("latents"), !given);
        float[] recorded = draws.Contains("step") ? golden.Floats("noise") : [];
        if (recorded.Length == 0)
        {
            golden.Ignore("noise", "a single step draws none");
        }

        var noise = new ReplayedNoise(given ? recorded : [.. latents, .. recorded]);
        List<(int Step, double Timestep)> calls = [];
        List<float[]> samples = [];
        var options = arguments with
        {
            Latents = given ? latents : [],
            Generator = noise,
            OutputType = OutputType.Array,
            Callback = step =>
            {
                int[] found = [step.Shape.Batch, step.Shape.Channels, step.Shape.Height, step.Shape.Width];
                Assert.Equal(golden.Shape("latents"), found);
                calls.Add((step.Index, step.Level.Conditioning));
                samples.Add(step.Sample.ToArray());
            },
        };
        var result = pipeline.Generate(options);

        Assert.Equal(draws.Length, noise.Draws);
        Assert.Equal(plan.Timesteps.Count, result.NetworkEvaluations);
        var expected = golden.Json.Get("callback_i_t").EnumerateArray().ToList();
        Assert.Equal(expected.Select(call => call[0].GetInt32()), calls.Select(call => call.Step));
        Near.Equal([.. expected.Select(call => call[1].GetDouble())], [.. calls.Select(call => call.Timestep)], 1e-12, 1e-10, "timesteps");

        // Relative to the noise that stands in a sample between steps.
        Near.Equal(afterSteps, [.. samples.SelectMany(sample => sample)], 1e-5, Allowed, "sample_after_step");
        var images = golden.Floats("image_np");
        Near.Equal(images, result.Values, 0, Allowed, "image_np");

        // A value at the very edge may fall short of it by rounding, so this is the recorded images'.
        var atClip = images.Count(value => value is 0 or 1) / (double)images.Length;
        Assert.Equal(golden.Json.Number("fraction_of_pixels_at_clip"), atClip, 1e-6);
        OtherForms(golden, pipeline, options, noise, network as RecordedInputs);
    }

    private static CMStochasticIterativeScheduler Scheduler(GoldenCase golden, CMStochasticIterativeSchedulerConfig config, GenerateOptions arguments)
    {
        var scheduler = new CMStochasticIterativeScheduler(config);

        // Unlike its scheduler, the pipeline takes both and goes by the list.
        scheduler.SetTimesteps(arguments.Timesteps is null ? arguments.NumInferenceSteps : null, arguments.Timesteps);
        Near.Equal(golden.Json.Numbers("sigmas_f32"), [.. scheduler.Sigmas], 1e-7, 0, "sigmas_f32");
        Near.Equal(golden.Json.Numbers("timesteps_f64"), [.. scheduler.Timesteps], 1e-12, 1e-10, "timesteps_f64");
        return scheduler;
    }

    // What the network was given in each step: the scaled sample of the step before.
    private static float[] Inputs(CMStochasticIterativeScheduler scheduler, float[] latents, float[] afterSteps)
    {
        var inputs = new float[scheduler.Timesteps.Count * latents.Length];
        var sample = Array.ConvertAll(latents, value => value * (float)scheduler.InitNoiseSigma);
        for (var step = 0; step < scheduler.Timesteps.Count; step++)
        {
            var here = (step * latents.Length)..((step + 1) * latents.Length);
            var scale = MathF.Sqrt((float)((scheduler.Sigmas[step] * scheduler.Sigmas[step]) + (scheduler.Config.SigmaData * scheduler.Config.SigmaData)));
            Array.ConvertAll(sample, value => value / scale).CopyTo(inputs.AsSpan(here));
            sample = afterSteps[here];
        }

        return inputs;
    }

    private static void OtherForms(GoldenCase golden, ConsistencyModelPipeline pipeline, GenerateOptions options, ReplayedNoise noise, RecordedInputs? network)
    {
        noise.Rewind();
        network?.Rewind();
        var tensor = pipeline.Generate(options with { OutputType = OutputType.Tensor }).Values;
        Near.Equal(golden.Floats("image_pt"), tensor, 0, Allowed, "image_pt");

        noise.Rewind();
        network?.Rewind();
        var images = pipeline.Generate(options with { OutputType = OutputType.Images }).Images;
        var pixels = images.SelectMany(image => image.Pixels).ToArray();
        var expected = golden.Longs("image_uint8");
        Assert.Equal(expected.Length, pixels.Length);

        // A value that lies on the edge between two bytes may fall to the other side, but only by one and as rarely as errors are small.
        var off = expected.Zip(pixels, (e, p) => Math.Abs(e - p)).ToArray();
        Assert.True(off.Max() <= 1, $"image_uint8: a pixel is off by {off.Max()}");
        var edges = off.Count(difference => difference == 1);
        Assert.True(edges <= off.Length * 0.005, $"image_uint8: {edges} of {off.Length} bytes differ");
    }
}
