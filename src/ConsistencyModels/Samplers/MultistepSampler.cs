using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Multistep sampling of consistency models: denoise, add noise of the next level, denoise again (arXiv 2303.01469, Algorithm 1;
/// with a measurement Algorithm 4). Matches openai's <c>stochastic_iterative_sampler</c> with <see cref="MultistepSchedule.FromTs"/>,
/// and diffusers' pipeline with <see cref="MultistepSchedule.FromScheduler"/>.
/// </summary>
/// <param name="schedule">The noise levels.</param>
public sealed class MultistepSampler(MultistepSchedule schedule) : ISampler
{
    /// <summary>The noise levels.</summary>
    public MultistepSchedule Schedule { get; } = schedule ?? throw new ArgumentNullException(nameof(schedule));

    /// <inheritdoc/>
    public double InitialSigma => Schedule.InitialSigma;

    /// <inheritdoc/>
    public int Steps => Schedule.Levels.Count;

    /// <inheritdoc/>
    public int NetworkEvaluations => Steps;

    /// <inheritdoc/>
    public void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var run = new SamplingRun(this, denoiser, x.Length, shape, noise, options, cancellationToken);
        run.Begin(x, (float)InitialSigma);
        var drawn = Schedule.Levels.Any(level => level.NoiseAfter is not null) ? run.Rent() : default;
        foreach (var (level, noiseAfter) in Schedule.Levels)
        {
            run.Denoise(x, level, x);
            if (noiseAfter is { } scale)
            {
                run.Noise(drawn);
                TensorPrimitives.MultiplyAdd(drawn, scale, x, x);
            }

            run.EndStep(level.Sigma, x);
        }

        run.Finish(x);
    }
}

/// <summary>
/// One network call at the first level, for consistency models (arXiv 2303.01469, section 3). Matches openai's
/// <c>sample_onestep</c>; draws no noise.
/// </summary>
/// <param name="levels">The noise levels, of which only the first is used.</param>
public sealed class OneStepSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <summary>At the σ_max of a model.</summary>
    /// <param name="sigmaMax">Largest noise level; 80 for every published model.</param>
    public OneStepSampler(double sigmaMax = 80)
        : this(new NoiseLevels([(float)sigmaMax, 0], sigmaMax))
    {
    }

    /// <inheritdoc/>
    public override int Steps => 1;

    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        run.Denoise(x, sigmas[0], x);
        run.EndStep(sigmas[0], x);
    }
}

/// <summary>
/// The noise levels of multistep consistency sampling and of editing (arXiv 2303.01469, Algorithms 1 and 4), written as openai,
/// diffusers or plain numbers have them. Immutable.
/// </summary>
public sealed class MultistepSchedule
{
    private readonly MultistepLevel[] _levels;

    private MultistepSchedule(IEnumerable<MultistepLevel> levels, double initialSigma)
    {
        _levels = [.. levels];
        InitialSigma = initialSigma;
    }

    /// <summary>The steps.</summary>
    public IReadOnlyList<MultistepLevel> Levels => _levels;

    /// <summary>Standard deviation of the first sample: what unit noise is multiplied by.</summary>
    public double InitialSigma { get; }

    /// <summary>
    /// openai's <c>ts</c>: indices into <paramref name="steps"/> Karras levels, of which each but the last is a network call and
    /// the last is where the result should stand: <c>ts=0,22,39</c> with 40 steps is diffusers' [22, 0]. Noise is drawn after every
    /// call. An index that stands twice is a step that stays at its level: the network is called and noise is drawn all the same.
    /// </summary>
    /// <param name="ts">Two or more indices in [0, steps), none smaller than the one before it; the first is usually 0, σ_max, and the last steps - 1, σ_min.</param>
    /// <param name="steps">Number of levels, at least 2.</param>
    /// <param name="sigmaMin">Smallest level.</param>
    /// <param name="sigmaMax">Largest level, and that of the first sample.</param>
    /// <param name="rho">Curvature.</param>
    /// <exception cref="ArgumentException">There are fewer than two indices, one is smaller than the one before it, or out of range.</exception>
    public static MultistepSchedule FromTs(IReadOnlyList<int> ts, int steps, double sigmaMin = 0.002, double sigmaMax = 80, double rho = 7)
    {
        ArgumentNullException.ThrowIfNull(ts);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        if (ts.Count < 2 || ts[0] < 0 || ts[^1] >= steps || ts.Zip(ts.Skip(1)).Any(pair => pair.First > pair.Second))
        {
            throw new ArgumentException($"ts is {string.Join(',', ts)}; expected two or more indices that do not descend, from 0 to {steps - 1}, such as 0,{steps / 2},{steps - 1}.", nameof(ts));
        }

        double At(int index) => KarrasSigmas.At((double)index / (steps - 1), sigmaMin, sigmaMax, rho);
        return new(
            ts.Zip(ts.Skip(1), (current, next) => Level(At(current), (float)NoiseScale(Math.Clamp(At(next), sigmaMin, sigmaMax), sigmaMin))),
            sigmaMax);
    }

    /// <summary>The schedule of a scheduler, as diffusers steps through it: noise even after the last of several steps, none after a single one.</summary>
    /// <param name="scheduler">A scheduler whose timesteps are set.</param>
    public static MultistepSchedule FromScheduler(CMStochasticIterativeScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        var steps = scheduler.Timesteps.Count;
        return new(
            Enumerable.Range(0, steps).Select(i => new MultistepLevel(
                new((float)scheduler.Sigmas[i], scheduler.Timesteps[i]),
                steps > 1 ? scheduler.NoiseScale((float)scheduler.Sigmas[i + 1]) : null)),
            scheduler.InitNoiseSigma);
    }

    /// <summary>The model's own steps where it has some, else diffusers' equally spaced ones: <see cref="CMStochasticIterativeScheduler.SetTimesteps(int)"/>.</summary>
    /// <param name="steps">Number of steps, 1 to num_train_timesteps.</param>
    /// <param name="config">The model's scheduler.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static MultistepSchedule FromSteps(int steps, CMStochasticIterativeSchedulerConfig config)
    {
        var scheduler = new CMStochasticIterativeScheduler(config);
        scheduler.SetTimesteps(steps);
        return FromScheduler(scheduler);
    }

    /// <summary>diffusers' list of descending indices: <see cref="CMStochasticIterativeScheduler.SetTimesteps(IReadOnlyList{int})"/>.</summary>
    /// <param name="timesteps">Such as [22, 0].</param>
    /// <param name="config">The model's scheduler.</param>
    /// <exception cref="ArgumentException">The list is empty, not descending or out of range.</exception>
    public static MultistepSchedule FromTimesteps(IReadOnlyList<int> timesteps, CMStochasticIterativeSchedulerConfig config)
    {
        var scheduler = new CMStochasticIterativeScheduler(config);
        scheduler.SetTimesteps(timesteps);
        return FromScheduler(scheduler);
    }

    /// <summary>Plain noise levels, such as 80 and 0.821 of easy consistency tuning. After the last call no noise is drawn.</summary>
    /// <param name="sigmas">One or more, strictly descending, finite and at least <paramref name="sigmaMin"/>.</param>
    /// <param name="sigmaMin">The level at which the network is the identity; 0 for easy consistency tuning.</param>
    /// <exception cref="ArgumentException">There are none, or they do not descend to <paramref name="sigmaMin"/>.</exception>
    public static MultistepSchedule FromSigmas(IReadOnlyList<double> sigmas, double sigmaMin = 0.002)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        if (sigmas.Count == 0 || !double.IsFinite(sigmas[0]) || !(sigmas[^1] >= sigmaMin) || sigmas.Zip(sigmas.Skip(1)).Any(pair => !(pair.First > pair.Second)))
        {
            throw new ArgumentException(FormattableString.Invariant($"The noise levels are {string.Join(", ", sigmas.Select(sigma => FormattableString.Invariant($"{sigma}")))}; expected one or more, descending, down to {sigmaMin} at most."), nameof(sigmas));
        }

        return new(
            sigmas.Select((sigma, i) => Level(sigma, i + 1 < sigmas.Count ? (float)NoiseScale(sigmas[i + 1], sigmaMin) : null)),
            sigmas[0]);
    }

    /// <summary>
    /// From any noise level down: <paramref name="steps"/> levels, the first <paramref name="sigma"/>, spaced as Karras levels on
    /// the way to σ_min. For pictures that already carry noise or are given some (SDEdit).
    /// </summary>
    /// <param name="sigma">The level to start at, above the model's σ_min.</param>
    /// <param name="steps">Number of network calls, at least 1.</param>
    /// <param name="config">The model's scheduler.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static MultistepSchedule From(double sigma, int steps, CMStochasticIterativeSchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (!(sigma > config.SigmaMin && double.IsFinite(sigma)))
        {
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, FormattableString.Invariant($"The noise level must be above sigma_min, {config.SigmaMin}."));
        }

        return FromSigmas([sigma, .. Enumerable.Range(1, steps - 1).Select(i => KarrasSigmas.At((double)i / steps, config.SigmaMin, sigma, config.Rho))], config.SigmaMin);
    }

    private static MultistepLevel Level(double sigma, float? noiseAfter) => new((float)sigma, noiseAfter);

    // Rounding can make the difference a little negative at sigma_min.
    private static double NoiseScale(double next, double min) => Math.Sqrt(Math.Max(0, (next * next) - (min * min)));
}

/// <summary>One step of multistep consistency sampling.</summary>
/// <param name="Level">The noise level at which the network is called.</param>
/// <param name="NoiseAfter">
/// Standard deviation of the noise added to the result, √(σ_next² - σ_min²); null where none is drawn. Drawing noise of
/// deviation 0 and drawing none differ in the generator's state.
/// </param>
public readonly record struct MultistepLevel(NoiseLevel Level, float? NoiseAfter);
