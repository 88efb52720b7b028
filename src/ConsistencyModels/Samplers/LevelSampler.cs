using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>What the samplers have in common that walk down a list of noise levels: openai's <c>karras_sample</c>.</summary>
public abstract class LevelSampler : ISampler
{
    private protected LevelSampler(NoiseLevels levels)
    {
        ArgumentNullException.ThrowIfNull(levels);
        Levels = levels;
    }

    /// <summary>The noise levels.</summary>
    public NoiseLevels Levels { get; }

    /// <inheritdoc/>
    public double InitialSigma => Levels.InitialSigma;

    /// <inheritdoc/>
    public virtual int Steps => Levels.Steps;

    /// <inheritdoc/>
    public virtual int NetworkEvaluations => Steps;

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
        Walk(run, x, Levels.AsSpan());
        run.Finish(x);
    }

    private protected abstract void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas);

    /// <summary>Raises the level by fresh noise where churn says so; the noise is drawn in any case, as the reference does.</summary>
    private protected static float Raise(SamplingRun run, Churn churn, Span<float> x, float sigma, int steps, Span<float> scratch)
    {
        run.Noise(scratch);
        var gamma = churn.Gamma(sigma, steps);
        if (gamma <= 0)
        {
            return sigma;
        }

        var raised = sigma * (float)(gamma + 1);
        TensorPrimitives.Multiply(scratch, (float)churn.NoiseScale, scratch);
        TensorPrimitives.MultiplyAdd(scratch, MathF.Sqrt((raised * raised) - (sigma * sigma)), x, x);
        return raised;
    }
}

/// <summary>
/// The stochastic part of EDM's Algorithm 2 (arXiv 2206.00364): in some steps the noise level is first raised by fresh noise.
/// Immutable; the default is none at all.
/// </summary>
public sealed record Churn
{
    private static readonly double LargestGamma = Math.Sqrt(2) - 1;

    /// <summary>No churn: a deterministic sampler.</summary>
    public static Churn None { get; } = new();

    /// <summary>S_churn: how much in all; spread evenly over the steps and at most √2 - 1 of the level in each. 0 or more.</summary>
    public double Amount { get; init => field = Finite(value, "S_churn"); }

    /// <summary>S_tmin: the lowest level at which noise is added.</summary>
    public double SigmaMin { get; init; }

    /// <summary>S_tmax: the highest level at which noise is added.</summary>
    public double SigmaMax { get; init; } = double.PositiveInfinity;

    /// <summary>S_noise: standard deviation of the noise, 0 or more; a little above 1 makes up for what a denoiser removes too much.</summary>
    public double NoiseScale { get; init => field = Finite(value, "S_noise"); } = 1;

    /// <summary>γ: by which part of itself a level is raised.</summary>
    /// <param name="sigma">The level.</param>
    /// <param name="steps">Number of steps, at least 1.</param>
    public double Gamma(double sigma, int steps) =>
        sigma >= SigmaMin && sigma <= SigmaMax ? Math.Min(Amount / steps, LargestGamma) : 0;

    /// <summary>The same for a level in single precision, in which openai's samplers compare it with the ends as well.</summary>
    internal double Gamma(float sigma, int steps) =>
        sigma >= (float)SigmaMin && sigma <= (float)SigmaMax ? Math.Min(Amount / steps, LargestGamma) : 0;

    private static double Finite(double value, string name) => value >= 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"{name} must be a finite number, 0 or more.");
}
