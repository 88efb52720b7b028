using System.Runtime.InteropServices;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Whole generations with the reference's network and noise: the sample after every step and the images in all forms.</summary>
internal sealed class PipelineCheck : IGoldenCheck
{
    // Rounding of other kernels, which clipping keeps small: 3e-6 is measured.
    private const double AllowedClipped = 1e-4;

    // Without clipping each step of a random network amplifies the rounding of those before it, up to 5e-3 in ten steps. So there
    // every step starts at the recorded sample.
    private const double AllowedUnclipped = 1e-4;

    public string Kind => "pipeline";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in Engines.All)
        {
            Check(golden, engine);
        }
    }

    private static void Check(GoldenCase golden, INetworkEngine engine)
    {
        using var pipeline = Load(golden, golden.Json.GetProperty("scheduler_config"), engine);
        var arguments = golden.Json.GetProperty("call_kwargs");
        var latents = golden.Floats("latents");
        var allowed = Allowed(pipeline);
        var given = golden.Json.GetProperty("latents_given").GetBoolean();
        var afterSteps = golden.Floats("sample_after_step");
        var steps = golden.Shape("sample_after_step")[0];
        var recorded = steps > 1 ? golden.Floats("noise") : [];
        var noise = new ReplayedNoise(given ? recorded : [.. latents, .. recorded]);
        List<(int Step, double Timestep)> calls = [];
        List<float[]> samples = [];
        var options = new GenerateOptions
        {
            BatchSize = golden.Json.GetProperty("batch_size").GetInt32(),
            NumInferenceSteps = arguments.TryGetProperty("num_inference_steps", out _) ? arguments.Optional("num_inference_steps")?.GetInt32() : 1,
            Timesteps = arguments.Optional("timesteps")?.Ints(),
            ClassLabels = Labels(arguments),
            Latents = given ? latents : [],
            Generator = noise,
            OutputType = OutputType.Array,
            Callback = (step, timestep, sample, shape) =>
            {
                int[] found = [shape.Batch, shape.Channels, shape.Height, shape.Width];
                Assert.Equal(golden.Shape("latents"), found);
                calls.Add((step, timestep));
                samples.Add(sample.ToArray());
                if (!pipeline.SchedulerConfig.ClipDenoised && step < steps - 1)
                {
                    afterSteps.AsSpan(step * sample.Length, sample.Length).CopyTo(Writable(sample));
                }
            },
        };
        var result = pipeline.Generate(options);

        Assert.Equal(golden.Json.GetProperty("rng_draws_in_order").GetArrayLength(), noise.Draws);
        Assert.Equal(steps, result.NetworkEvaluations);
        var expected = golden.Json.GetProperty("callback_i_t").EnumerateArray().ToList();
        Assert.Equal(expected.Select(call => call[0].GetInt32()), calls.Select(call => call.Step));
        Near.Equal([.. expected.Select(call => call[1].GetDouble())], [.. calls.Select(call => call.Timestep)], 1e-12, 1e-10, "timesteps");

        // Relative to the noise that stands in a sample between steps.
        for (var step = 0; step < steps; step++)
        {
            var sample = afterSteps[(step * latents.Length)..((step + 1) * latents.Length)];
            Near.Equal(sample, samples[step], 1e-5, allowed, $"sample after step {step}");
        }

        Near.Equal(golden.Floats("image_np"), result.Values, 0, allowed, "image_np");
        OtherForms(golden, pipeline, options, noise);
    }

    /// <summary>A case's network under a scheduler of the given settings, on the default engine.</summary>
    internal static ConsistencyModelPipeline Load(GoldenCase golden, JsonElement scheduler, INetworkEngine engine)
    {
        var folder = Path.Combine(golden.Root, golden.Json.GetProperty("unet_dir").GetString()!);
        using var weights = WeightFiles.Open(folder);
        var network = engine.Load(UNet2DConfig.Load(Path.Combine(folder, "config.json")), weights, new EngineOptions());
        return new ConsistencyModelPipeline(network, CMStochasticIterativeSchedulerConfig.FromJson(scheduler.GetRawText()));
    }

    private static double Allowed(ConsistencyModelPipeline pipeline) => pipeline.SchedulerConfig.ClipDenoised ? AllowedClipped : AllowedUnclipped;

    // What a callback is shown is the generation's own batch, which diffusers lets it change.
    private static Span<float> Writable(ReadOnlySpan<float> sample) => MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(sample), sample.Length);

    private static int[]? Labels(JsonElement arguments) => arguments.Optional("class_labels") switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } one => [one.GetInt32()],
        { } several => several.Ints(),
    };

    private static void OtherForms(GoldenCase golden, ConsistencyModelPipeline pipeline, GenerateOptions options, ReplayedNoise noise)
    {
        noise.Rewind();
        var tensor = pipeline.Generate(options with { OutputType = OutputType.Tensor }).Values;
        Near.Equal(golden.Floats("image_pt"), tensor, 0, Allowed(pipeline), "image_pt");

        noise.Rewind();
        var images = pipeline.Generate(options with { OutputType = OutputType.Images }).Images;
        var pixels = images.SelectMany(image => image.Pixels).ToArray();
        var expected = golden.Longs("image_uint8");
        Assert.Equal(expected.Length, pixels.Length);

        // A value that lies on the edge between two bytes may fall to the other side, but only by one and as rarely as errors are small.
        var off = expected.Zip(pixels, (e, p) => Math.Abs(e - p)).ToArray();
        Assert.True(off.Max() <= 1, $"image_uint8: a pixel is off by {off.Max()}");
        var edges = off.Count(difference => difference == 1);
        Assert.True(edges <= off.Length * (pipeline.SchedulerConfig.ClipDenoised ? 0.005 : 0.05), $"image_uint8: {edges} of {off.Length} bytes differ");
    }
}
