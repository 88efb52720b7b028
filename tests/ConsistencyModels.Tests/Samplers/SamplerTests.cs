using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>Samplers against a denoiser whose answer is known, and their common manners.</summary>
public sealed class SamplerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly ImageShape Shape = new(2, 3, 8, 8);
    private static readonly SamplingOptions Free = new() { ClampResult = false };

    public static TheoryData<string> Names() =>
        ["heun", "heun churn", "euler", "ancestral", "dpm2", "dpm2 churn", "progdist", "one step", "multistep ts", "multistep sigmas", "edm", "edm churn", "edm euler"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Calls_are_counted_reported_and_cancelled(string name)
    {
        var sampler = Named(name);
        var denoiser = new GaussianDenoiser();
        List<SamplingProgress> progress = [];
        List<float> levels = [];
        Run(sampler, denoiser, new SamplingOptions { Progress = new Reports(progress), Callback = step => levels.Add(step.Sigma) }, cancellation: Token);
        Assert.Equal(sampler.NetworkEvaluations, denoiser.Calls);
        Assert.Equal(Enumerable.Range(1, denoiser.Calls).Select(i => new SamplingProgress(i, denoiser.Calls)), progress);
        Assert.Equal(levels.OrderDescending(), levels);
        Assert.Equal(sampler.InitialSigma, levels[0], 1e-4);

        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => Run(sampler, denoiser, null, cancelled.Token));
        Assert.Equal(sampler.NetworkEvaluations, denoiser.Calls);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sampler_is_a_value_that_can_be_used_again(string name)
    {
        var sampler = Named(name);
        Assert.Equal(Run(sampler, new GaussianDenoiser(), null, Token), Run(sampler, new GaussianDenoiser(), null, Token));
    }

    [Fact]
    public void Higher_orders_come_closer_to_the_solution()
    {
        // Twice the steps: half the error in first order, a quarter in second.
        static double Gain(Func<NoiseLevels, ISampler> sampler) => Error(sampler(NoiseLevels.Karras(40))) / Error(sampler(NoiseLevels.Karras(80)));
        Assert.InRange(Gain(levels => new EulerSampler(levels)), 1.6, 2.5);
        Assert.InRange(Gain(levels => new HeunSampler(levels)), 3.2, 5);
        Assert.InRange(Gain(levels => new Dpm2Sampler(levels)), 3.2, 5);
        Assert.Equal(Error(new HeunSampler(NoiseLevels.Karras(18))), Error(new EdmSampler()), 1e-4);
    }

    [Theory]
    [InlineData(EdmDiscretization.Edm, EdmTime.Linear, false)]
    [InlineData(EdmDiscretization.VariancePreserving, EdmTime.VariancePreserving, true)]
    [InlineData(EdmDiscretization.VariancePreserving, EdmTime.VariancePreserving, false)]
    [InlineData(EdmDiscretization.VarianceExploding, EdmTime.VarianceExploding, false)]
    [InlineData(EdmDiscretization.ImprovedDdpm, EdmTime.Linear, false)]
    public void Every_schedule_of_EDM_leads_to_the_solution(EdmDiscretization discretization, EdmTime time, bool scaled)
    {
        var error = Error(new EdmSampler { Steps = 256, Discretization = discretization, Time = time, ScaledVariancePreserving = scaled }, out var deviation);
        Assert.True(error < 0.02 * deviation, $"{error} of {deviation}");
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(2.0 / 3)]
    [InlineData(1)]
    public void Every_second_order_method_beats_Euler(double alpha)
    {
        var euler = Error(new EdmSampler { Steps = 40, Solver = EdmSolver.Euler });
        Assert.True(Error(new EdmSampler { Steps = 40, Alpha = alpha }) < euler / 4);
    }

    [Theory]
    [InlineData("ancestral")]
    [InlineData("heun churn")]
    [InlineData("dpm2 churn")]
    [InlineData("edm churn")]
    public void Fresh_noise_keeps_the_deviation_of_the_data(string name)
    {
        var shape = new ImageShape(4, 3, 64, 64);
        var x = new float[shape.Length];
        var noise = new TorchGenerator(1);
        noise.Randn(x);
        var first = x.ToArray();
        Named(name).Sample(new GaussianDenoiser(), x, shape, noise, Free, TestContext.Current.CancellationToken);
        Assert.Equal(0.5, Math.Sqrt(x.Average(value => (double)value * value)), 0.05);

        // And it is fresh: the result is not the first noise scaled.
        var correlation = x.Zip(first, (a, b) => a * b / 0.5).Average();
        Assert.InRange(correlation, -0.95, 0.95);
    }

    // 47.7 is a little more as a float32, and openai's samplers compare in that precision: the level lies in a range that ends at it.
    [Fact]
    public void Churn_up_to_the_largest_level_takes_it_in_in_single_precision()
    {
        var levels = NoiseLevels.Karras(7, 0.01, 47.7);
        Assert.True(levels.Sigmas[0] > 47.7);
        List<float> raised = [];
        Run(new HeunSampler(levels, new Churn { Amount = 7 * 0.4, SigmaMax = 47.7 }), new GaussianDenoiser(), new() { Callback = step => raised.Add(step.Level.Sigma) }, Token);
        Assert.Equal(47.7 * 1.4, raised[0], 1e-4);
    }

    [Fact]
    public void The_result_is_clamped_unless_told_not_to()
    {
        var sampler = new OneStepSampler();
        var denoiser = new GaussianDenoiser(deviation: 100);
        Assert.Equal(1, Run(sampler, denoiser, null, cancellation: Token).Max());
        Assert.True(Run(sampler, denoiser, Free, cancellation: Token).Max() > 1);
    }

    [Fact]
    public void Schedules_of_openai_and_diffusers_are_the_same()
    {
        var openai = MultistepSchedule.FromTs([0, 22, 39], 40);
        var diffusers = MultistepSchedule.FromTimesteps([22, 0], new CMStochasticIterativeSchedulerConfig());
        Assert.Equal(diffusers.Levels.Select(level => level.Level.Sigma), openai.Levels.Select(level => level.Level.Sigma));
        Assert.Equal(diffusers.InitialSigma, openai.InitialSigma);
        Assert.Equal(diffusers.Levels[0].NoiseAfter!.Value, openai.Levels[0].NoiseAfter!.Value, 1e-6f);

        // The last noise is nothing in either, but it is drawn.
        Assert.All([openai, diffusers], schedule => Assert.InRange(schedule.Levels[^1].NoiseAfter!.Value, 0, 1e-6f));
        Assert.Null(MultistepSchedule.FromSteps(1, new()).Levels[0].NoiseAfter);
        Assert.Null(MultistepSchedule.FromSigmas([80, 0.821]).Levels[^1].NoiseAfter);
    }

    // The noise is drawn because openai's loop draws it, and the network is called because it is: recorded levels of the reference.
    [Fact]
    public void An_index_may_stand_twice_and_its_step_stays_at_its_level()
    {
        var schedule = MultistepSchedule.FromTs([3, 9, 40, 63, 63], 64, sigmaMin: 0.01, sigmaMax: 40);
        float[] sigmas = [31.61286163330078f, 19.2552490234375f, 0.6842184066772461f, 0.009999999776482582f];
        Assert.Equal(sigmas, schedule.Levels.Select(level => level.Level.Sigma));
        Assert.Equal(0, schedule.Levels[^1].NoiseAfter!.Value, 1e-6f);

        var denoiser = new GaussianDenoiser();
        Run(new MultistepSampler(MultistepSchedule.FromTs([0, 7, 7, 17], 18)), denoiser, null, Token);
        Assert.Equal(3, denoiser.Calls);
    }

    [Fact]
    public void What_is_no_schedule_is_refused()
    {
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromTs([0], 40));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromTs([0, 40], 40));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromTs([0, 6, 5], 40));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromSigmas([]));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromSigmas([1, 2]));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromSigmas([1, 0.001]));
        Assert.Throws<ArgumentException>(() => MultistepSchedule.FromSigmas([double.NaN]));
        Assert.Throws<ArgumentException>(() => new NoiseLevels([1]));
        Assert.Throws<ArgumentException>(() => new NoiseLevels([1, 1, 0]));
        Assert.Throws<ArgumentException>(() => new NoiseLevels([float.NaN, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EdmSampler { Steps = 0 });
        Assert.Throws<ArgumentException>(() => new OneStepSampler().Sample(new GaussianDenoiser(), new float[3], Shape, new TorchGenerator(0), cancellationToken: Token));
    }

    internal static ISampler Named(string name)
    {
        var churn = new Churn { Amount = 20, SigmaMin = 0.05, SigmaMax = 50 };
        var levels = NoiseLevels.Karras(18);
        return name switch
        {
            "heun" => new HeunSampler(levels),
            "heun churn" => new HeunSampler(NoiseLevels.Karras(40), churn),
            "euler" => new EulerSampler(levels),
            "ancestral" => new EulerAncestralSampler(NoiseLevels.Karras(100)),
            "dpm2" => new Dpm2Sampler(levels),
            "dpm2 churn" => new Dpm2Sampler(NoiseLevels.Karras(40), churn),
            "progdist" => new ProgressiveDistillationSampler(NoiseLevels.Karras(9)),
            "one step" => new OneStepSampler(),
            "multistep ts" => new MultistepSampler(MultistepSchedule.FromTs([0, 22, 39], 40)),
            "multistep sigmas" => new MultistepSampler(MultistepSchedule.FromSigmas([80, 0.821], 0)),
            "edm" => new EdmSampler(),
            "edm churn" => new EdmSampler { Steps = 40, Churn = churn },
            _ => new EdmSampler { Solver = EdmSolver.Euler },
        };
    }

    private static float[] Run(ISampler sampler, IDenoiser denoiser, SamplingOptions? options, CancellationToken cancellation = default)
    {
        var x = new float[Shape.Length];
        var noise = new TorchGenerator(3);
        noise.Randn(x);
        sampler.Sample(denoiser, x, Shape, noise, options, cancellation);
        return x;
    }

    private static double Error(ISampler sampler) => Error(sampler, out _);

    /// <summary>Root mean square error against the exact solution, whose own deviation comes out.</summary>
    private static double Error(ISampler sampler, out double deviation)
    {
        var denoiser = new GaussianDenoiser();
        var noise = new float[Shape.Length];
        new TorchGenerator(3).Randn(noise);
        var found = Run(sampler, denoiser, Free);

        // Where the sample is scaled, unit noise has become noise of another level: x(T)/s(T) is what the solution starts from.
        var start = sampler is EdmSampler edm ? Start(edm) : sampler.InitialSigma;
        var exact = noise.Select(value => denoiser.Exact(value, start)).ToArray();
        deviation = Math.Sqrt(exact.Average(value => value * value));
        return Math.Sqrt(exact.Zip(found, (e, f) => (e - f) * (e - f)).Average());
    }

    private static double Start(EdmSampler sampler) => (sampler with { ScaledVariancePreserving = false }).InitialSigma;

    private sealed class Reports(List<SamplingProgress> list) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) => list.Add(value);
    }
}
