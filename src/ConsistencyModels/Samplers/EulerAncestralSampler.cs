using System.Numerics.Tensors;

namespace ConsistencyModels.Samplers;

/// <summary>
/// Euler steps that go down further than the next level and come back up to it by fresh noise, for diffusion models. Matches
/// openai's <c>sample_euler_ancestral</c>, which draws noise in every step.
/// </summary>
/// <param name="levels">The noise levels.</param>
public sealed class EulerAncestralSampler(NoiseLevels levels) : LevelSampler(levels)
{
    /// <inheritdoc/>
    public override int NetworkEvaluations => Levels.Steps;

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

    private protected override void Steps(SamplerRun run, Span<float> x, ReadOnlySpan<float> sigmas)
    {
        var slope = run.Rent();
        for (var i = 0; i < sigmas.Length - 1; i++)
        {
            var (down, up) = Split(sigmas[i], sigmas[i + 1]);
            run.Denoise(x, sigmas[i], slope);
            run.Report(i, sigmas[i], sigmas[i], x, slope);
            SamplerRun.Slope(x, sigmas[i], slope);
            TensorPrimitives.MultiplyAdd(slope, down - sigmas[i], x, x);
            run.Noise(slope);
            TensorPrimitives.MultiplyAdd(slope, up, x, x);
        }
    }
}
