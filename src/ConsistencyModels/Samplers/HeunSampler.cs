using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Heun's second-order method down the probability-flow ODE, with or without churn, for diffusion models: Algorithm 2 of
/// arXiv 2206.00364. The step to level 0 is Euler's. Matches openai's <c>sample_heun</c>, which draws noise even without churn.
/// </summary>
/// <param name="levels">The noise levels.</param>
/// <param name="churn">The stochastic part; null for none.</param>
public sealed class HeunSampler(NoiseLevels levels, Churn? churn = null) : LevelSampler(levels)
{
    /// <summary>The stochastic part.</summary>
    public Churn Churn { get; } = churn ?? Churn.None;

    /// <inheritdoc/>
    public override int NetworkEvaluations => (2 * Levels.Steps) - (Levels.Sigmas[^1] == 0 ? 1 : 0);

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        var next = run.Rent();
        var nextSlope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var sigma = Raise(run, Churn, x, sigmas[i], sigmas.Length - 1, next);
            run.Denoise(x, sigma, slope);
            run.Report(i, sigmas[i], sigma, x, slope);
            SamplerRun.Slope(x, sigma, slope);
            var target = sigmas[i + 1];
            var step = target - sigma;
            if (target == 0)
            {
                TensorPrimitives.MultiplyAdd(slope, step, x, x);
                continue;
            }

            TensorPrimitives.MultiplyAdd(slope, step, x, next);
            run.Denoise(next, target, nextSlope);
            SamplerRun.Slope(next, target, nextSlope);
            TensorPrimitives.Add(slope, nextSlope, slope);
            TensorPrimitives.MultiplyAdd(slope, step / 2, x, x);
        }
    }
}
