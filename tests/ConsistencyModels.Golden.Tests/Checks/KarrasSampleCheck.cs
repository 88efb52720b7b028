using System.Text.Json;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's samplers: every network call and the result.</summary>
internal sealed class KarrasSampleCheck : IGoldenCheck
{
    // Chains of up to 20 calls in single precision; 3e-5 is measured.
    private const double Absolute = 1e-4;

    public string Kind => "karras_sample";

    public void Check(GoldenCase golden)
    {
        var size = golden.Json.GetProperty("shape").Ints();
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        using var denoisers = new GoldenDenoisers(golden, shape.Channels);
        var recorded = new RecordedDenoiser(denoisers.Denoiser, golden.Json.GetProperty("clip_denoised").GetBoolean());
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var sampler = Sampler(golden.Json.GetProperty("args"));
        var x = new float[shape.Length];
        noise.Randn(x, shape.Batch);
        List<double> progress = [];
        var steps = 0;
        sampler.Sample(recorded, x, shape, noise, new SamplingOptions
        {
            ClassLabels = golden.Has("y") ? golden.Longs("y").Select(label => (int)label).ToArray() : [],
            Callback = step => Assert.Equal(steps++, step.Index),
            Progress = new Reports(progress),
        });

        Assert.Equal(golden.Json.GetProperty("random_calls").GetArrayLength(), noise.Draws);
        recorded.HasCalls(golden, "calls_denoised", Absolute);
        Near.Equal(golden.Floats("sample"), x, 0, Absolute, "sample");
        Assert.Equal(sampler.NetworkEvaluations, recorded.Sigmas.Count);
        Assert.Equal(Enumerable.Range(1, recorded.Sigmas.Count).Select(i => (double)i / recorded.Sigmas.Count), progress);
        Assert.True(steps > 0);
    }

    private static ISampler Sampler(JsonElement arguments)
    {
        var steps = arguments.GetProperty("steps").GetInt32();
        var churn = new Churn
        {
            Amount = arguments.Optional("s_churn")?.GetDouble() ?? 0,
            SigmaMin = arguments.Optional("s_tmin")?.GetDouble() ?? 0,
            SigmaMax = arguments.Optional("s_tmax")?.GetDouble() ?? double.PositiveInfinity,
            NoiseScale = arguments.Optional("s_noise")?.GetDouble() ?? 1,
        };
        var levels = NoiseLevels.Karras(steps);
        return arguments.GetProperty("sampler").GetString() switch
        {
            "heun" => new HeunSampler(levels, churn),
            "dpm" => new Dpm2Sampler(levels, churn),
            "ancestral" => new EulerAncestralSampler(levels),
            "euler" => new EulerSampler(levels),
            "onestep" => new OneStepSampler(levels),
            "progdist" => new ProgressiveDistillationSampler(NoiseLevels.Karras(steps + 1)),
            "multistep" => new MultistepSampler(MultistepSchedule.FromTs(arguments.GetProperty("ts").Ints(), steps)),
            var other => throw new InvalidOperationException($"No sampler is called {other}."),
        };
    }

    private sealed class Reports(List<double> parts) : IProgress<SamplerProgress>
    {
        public void Report(SamplerProgress value) => parts.Add(value.Fraction);
    }
}
