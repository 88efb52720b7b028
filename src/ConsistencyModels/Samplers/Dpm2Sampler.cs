using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Second-order steps over a midpoint, for diffusion models: a relative of DPM-Solver-2 whose midpoint is the middle of the cube
/// roots of the levels, with or without churn. Matches openai's <c>sample_dpm</c>, which draws noise even without churn.
/// </summary>
/// <param name="levels">The noise levels.</param>
/// <param name="churn">The stochastic part; null for none.</param>
public sealed class Dpm2Sampler(NoiseLevels levels, Churn? churn = null) : LevelSampler(levels)
{
    /// <summary>The stochastic part.</summary>
    public Churn Churn { get; } = churn ?? Churn.None;

    /// <inheritdoc/>
    public override int NetworkEvaluations => 2 * Levels.Steps;

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        var middle = run.Rent();
        var middleSlope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var sigma = Raise(run, Churn, x, sigmas[i], sigmas.Length - 1, middle);
            run.Denoise(x, sigma, slope);
            run.Report(i, sigmas[i], sigma, x, slope);
            SamplerRun.Slope(x, sigma, slope);
            var root = (MathF.Cbrt(sigma) + MathF.Cbrt(sigmas[i + 1])) / 2;
            var mid = root * root * root;
            TensorPrimitives.MultiplyAdd(slope, mid - sigma, x, middle);
            run.Denoise(middle, mid, middleSlope);
            SamplerRun.Slope(middle, mid, middleSlope);
            TensorPrimitives.MultiplyAdd(middleSlope, sigmas[i + 1] - sigma, x, x);
        }
    }
}
