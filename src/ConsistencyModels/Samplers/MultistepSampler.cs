using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

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
