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
    public abstract int NetworkEvaluations { get; }

    /// <inheritdoc/>
    public void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var run = new SamplerRun(denoiser, x.Length, shape, noise, options, NetworkEvaluations, cancellationToken);
        TensorPrimitives.Multiply(x, (float)InitialSigma, x);
        Steps(run, x, Levels.AsSpan());
        run.Finish(x);
    }

    private protected abstract void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas);

    /// <summary>Raises the level by fresh noise where churn says so; the noise is drawn in any case, as the reference does.</summary>
    private protected static float Raise(SamplerRun run, Churn churn, Span<float> x, float sigma, int steps, Span<float> scratch)
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
