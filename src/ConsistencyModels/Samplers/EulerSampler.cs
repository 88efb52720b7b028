using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>Euler's first-order method down the probability-flow ODE, for diffusion models. Matches openai's <c>sample_euler</c>; draws no noise.</summary>
/// <param name="levels">The noise levels.</param>
public sealed class EulerSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <inheritdoc/>
    public override int NetworkEvaluations => Levels.Steps;

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas) => Walk(run, x, sigmas);

    /// <summary>Euler steps between neighbouring levels.</summary>
    internal static void Walk(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            run.Denoise(x, sigmas[i], slope);
            run.Report(i, sigmas[i], sigmas[i], x, slope);
            SamplerRun.Slope(x, sigmas[i], slope);
            TensorPrimitives.MultiplyAdd(slope, sigmas[i + 1] - sigmas[i], x, x);
        }
    }
}
