using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Heun's second-order method down the probability-flow ODE, with or without churn, for diffusion models: Algorithm 2 of
/// arXiv 2206.00364. The step to level 0 is Euler's. Matches openai's <c>sample_heun</c>, which draws noise even without churn.
/// </summary>
/// <param name="levels">The noise levels.</param>
/// <param name="churn">The stochastic part; null for none.</param>
/// <example>
/// <code>
/// var x = new float[shape.Length];
/// var noise = new TorchGenerator(seed: 1);
/// noise.Randn(x);
/// new HeunSampler(NoiseLevels.Karras(18)).Sample(teacher.Denoiser, x, shape, noise, new() { ClassLabels = new[] { 0 } });   // x now holds the image
/// </code>
/// </example>
public sealed class HeunSampler(NoiseLevels levels, Churn? churn = null) : LevelSampler(levels)
{
    /// <summary>The stochastic part.</summary>
    public Churn Churn { get; } = churn ?? Churn.None;

    /// <inheritdoc/>
    public override int NetworkEvaluations => (2 * Steps) - (Levels.Sigmas[^1] == 0 ? 1 : 0);

    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        var next = run.Rent();
        var nextSlope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var sigma = Raise(run, Churn, x, sigmas[i], sigmas.Length - 1, next);
            run.Denoise(x, sigma, slope);
            SamplingRun.Slope(x, sigma, slope);
            var target = sigmas[i + 1];
            var step = target - sigma;
            if (target != 0)
            {
                TensorPrimitives.MultiplyAdd(slope, step, x, next);
                run.Denoise(next, target, nextSlope);
                SamplingRun.Slope(next, target, nextSlope);
                TensorPrimitives.Add(slope, nextSlope, slope);
                step /= 2;
            }

            TensorPrimitives.MultiplyAdd(slope, step, x, x);
            run.EndStep(sigmas[i], x);
        }
    }
}

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
    public override int NetworkEvaluations => 2 * Steps;

    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        var middle = run.Rent();
        var middleSlope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var sigma = Raise(run, Churn, x, sigmas[i], sigmas.Length - 1, middle);
            run.Denoise(x, sigma, slope);
            SamplingRun.Slope(x, sigma, slope);
            var root = (MathF.Cbrt(sigma) + MathF.Cbrt(sigmas[i + 1])) / 2;
            var mid = root * root * root;
            TensorPrimitives.MultiplyAdd(slope, mid - sigma, x, middle);
            run.Denoise(middle, mid, middleSlope);
            SamplingRun.Slope(middle, mid, middleSlope);
            TensorPrimitives.MultiplyAdd(middleSlope, sigmas[i + 1] - sigma, x, x);
            run.EndStep(sigmas[i], x);
        }
    }
}
