using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>Euler's first-order method down the probability-flow ODE, for diffusion models. Matches openai's <c>sample_euler</c>; draws no noise.</summary>
/// <param name="levels">The noise levels.</param>
public sealed class EulerSampler(NoiseLevels levels) : LevelSampler(levels)
{
    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas) => Down(run, x, sigmas);

    /// <summary>Euler steps between neighbouring levels.</summary>
    internal static void Down(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            run.Denoise(x, sigmas[i], slope);
            SamplingRun.Slope(x, sigmas[i], slope);
            TensorPrimitives.MultiplyAdd(slope, sigmas[i + 1] - sigmas[i], x, x);
            run.EndStep(sigmas[i], x);
        }
    }
}

/// <summary>
/// Euler steps that go down further than the next level and come back up to it by fresh noise, for diffusion models. Matches
/// openai's <c>sample_euler_ancestral</c>, which draws noise in every step.
/// </summary>
/// <param name="levels">The noise levels.</param>
public sealed class EulerAncestralSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <summary>
    /// How a step divides: down = √(to² - up²) is where the ODE is followed to, up = √(to²(from² - to²)/from²) the deviation of
    /// the noise added. In single precision; openai's <c>get_ancestral_step</c>.
    /// </summary>
    /// <param name="from">The level left, above 0.</param>
    /// <param name="to">The level reached, 0 to <paramref name="from"/>.</param>
    public static (float Down, float Up) Split(float from, float to)
    {
        var up = MathF.Sqrt(to * to * ((from * from) - (to * to)) / (from * from));

        // Rounding can make the difference a little negative where almost all of the step is noise.
        return (MathF.Sqrt(Math.Max(0, (to * to) - (up * up))), up);
    }

    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var (down, up) = Split(sigmas[i], sigmas[i + 1]);
            run.Denoise(x, sigmas[i], slope);
            SamplingRun.Slope(x, sigmas[i], slope);
            TensorPrimitives.MultiplyAdd(slope, down - sigmas[i], x, x);
            run.Noise(slope);
            TensorPrimitives.MultiplyAdd(slope, up, x, x);
            run.EndStep(sigmas[i], x);
        }
    }
}

/// <summary>
/// The sampler of progressively distilled models: Euler steps between the levels above 0, so that the result stays at the
/// smallest level. Matches openai's <c>sample_progdist</c>: N steps take N + 1 Karras levels.
/// </summary>
/// <param name="levels">The noise levels; a final 0 is left out.</param>
public sealed class ProgressiveDistillationSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <inheritdoc/>
    public override int Steps => Levels.Steps - (Levels.Sigmas[^1] == 0 ? 1 : 0);

    private protected override void Walk(SamplingRun run, Span<float> x, ReadOnlySpan<float> sigmas) =>
        EulerSampler.Down(run, x, sigmas[^1] == 0 ? sigmas[..^1] : sigmas);
}
