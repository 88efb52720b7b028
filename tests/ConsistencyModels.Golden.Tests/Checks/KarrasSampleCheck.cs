using ConsistencyModels.Networks;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>openai's karras_sample with each of its samplers: every network call and the result.</summary>
internal sealed class KarrasSampleCheck : IGoldenCheck
{
    // Chains of up to 20 calls in single precision; 3e-5 is measured.
    private const double Absolute = 1e-4;

    public string Kind => "karras_sample";

    public void Check(GoldenCase golden)
    {
        foreach (var engine in GoldenDenoisers.EnginesFor(golden))
        {
            Check(golden, engine);
        }
    }

    private static void Check(GoldenCase golden, INetworkEngine engine)
    {
        var size = golden.Json.Ints("shape");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        using var denoisers = new GoldenDenoisers(golden, shape.Channels, () => golden.Json.Flag("distillation"), engine);
        if (golden.Json.Text("denoiser") == "gmm")
        {
            golden.Json.Ignore("distillation", "the exact denoiser has no scalings");
        }

        var recorded = new RecordedDenoiser(denoisers.Denoiser, golden.Json.Flag("clip_denoised"));
        var noise = new ReplayedNoise(golden.Floats("noise"));
        var sampler = Sampler(golden, denoisers.Arguments);
        var x = new float[shape.Length];
        noise.Randn(x, shape.Batch);
        List<double> progress = [];
        var steps = 0;
        sampler.Sample(recorded, x, shape, noise, new SamplingOptions
        {
            ClassLabels = golden.Labels(),
            Callback = step => Assert.Equal(steps++, step.Index),
            Progress = new Reports(progress),
        });

        Assert.Equal(golden.Json.Texts("random_calls"), Enumerable.Repeat("randn_like", noise.Draws - 1).Prepend("randn"));
        recorded.HasCalls(golden, "calls_denoised", Absolute);
        var expected = golden.Floats("sample");
        Near.Equal(expected, x, 0, Absolute, "sample");

        // A value at the very edge may fall short of it by rounding, so this is the recorded sample's.
        Assert.Equal(golden.Json.Number("fraction_at_clip"), expected.Count(value => Math.Abs(value) == 1) / (double)expected.Length, 1e-6);
        Assert.Equal(sampler.NetworkEvaluations, recorded.Sigmas.Count);
        Assert.Equal(Enumerable.Range(1, recorded.Sigmas.Count).Select(i => (double)i / recorded.Sigmas.Count), progress);
        Assert.True(steps > 0);
    }

    // The defaults are karras_sample's own.
    private static ISampler Sampler(GoldenCase golden, KarrasDenoiserArguments denoiser)
    {
        var arguments = golden.Json.Object("args");
        var steps = arguments.Int("steps");
        var (min, max, rho) = (arguments.Number("sigma_min", 0.002), arguments.Number("sigma_max", 80), arguments.Number("rho", 7));
        var churn = new Churn
        {
            Amount = arguments.Number("s_churn", 0),
            SigmaMin = arguments.Number("s_tmin", 0),
            SigmaMax = arguments.Number("s_tmax", double.PositiveInfinity),
            NoiseScale = arguments.Number("s_noise", 1),
        };
        NoiseLevels Levels(int count) => NoiseLevels.Karras(count, min, max, rho);
        return arguments.Text("sampler", "heun") switch
        {
            "heun" => new HeunSampler(Levels(steps), churn),
            "dpm" => new Dpm2Sampler(Levels(steps), churn),
            "ancestral" => new EulerAncestralSampler(Levels(steps)),
            "euler" => new EulerSampler(Levels(steps)),
            "onestep" => new OneStepSampler(Levels(steps)),
            "progdist" => new ProgressiveDistillationSampler(Levels(steps + 1)),
            "multistep" => new MultistepSampler(Schedule([denoiser.Rho, rho])),
            var other => throw new InvalidOperationException($"No sampler is called {other}."),
        };

        // karras_sample hands this one sampler the denoiser's rho in place of its own. A case tells its own; whether the denoiser
        // was made with the same is seen in its second call.
        MultistepSchedule Schedule(double[] candidates)
        {
            var recorded = golden.Json.Numbers("calls_sigma_f32");
            MultistepSchedule[] schedules = [.. candidates.Select(one => MultistepSchedule.FromTs(arguments.Ints("ts"), steps, min, max, one))];
            return schedules.FirstOrDefault(one => one.Levels.Zip(recorded, (ours, theirs) => Math.Abs(ours.Level.Sigma - theirs) <= 1e-5 * theirs).All(near => near))
                ?? schedules[0];
        }
    }

    private sealed class Reports(List<double> parts) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => parts.Add(value.Fraction);
    }
}
