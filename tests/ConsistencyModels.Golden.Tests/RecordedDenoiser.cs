using ConsistencyModels.Denoising;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Hands calls on and keeps what went in and what came out, before clipping, as the recorded cases do.</summary>
internal sealed class RecordedDenoiser(IDenoiser inner, bool clip) : IDenoiser
{
    internal List<float[]> Inputs { get; } = [];

    internal List<float[]> Outputs { get; } = [];

    internal List<double> Sigmas { get; } = [];

    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        Inputs.Add(x.ToArray());
        Sigmas.Add(levels[0].Sigma);
        inner.Denoise(x, shape, levels, classLabels, denoised, cancellationToken);
        Outputs.Add(denoised.ToArray());
        if (clip)
        {
            foreach (ref var value in denoised)
            {
                value = Math.Clamp(value, -1, 1);
            }
        }
    }

    /// <summary>Asserts the calls that a case recorded.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="outputs">The name of the recorded outputs; null where there are none.</param>
    /// <param name="absolute">What images may be off by; inputs may be off by 1e-5 of themselves as well, for noise stands in them.</param>
    /// <param name="inputs">The name of the recorded inputs.</param>
    internal void HasCalls(GoldenCase golden, string? outputs, double absolute, string inputs = "calls_x")
    {
        Near.Equal(golden.Json.Numbers("calls_sigma_f32"), [.. Sigmas], 1e-6, 0, "calls_sigma_f32");
        Near.Equal(golden.Floats(inputs), [.. Inputs.SelectMany(x => x)], 1e-5, absolute, inputs);
        if (outputs is not null)
        {
            Near.Equal(golden.Floats(outputs), [.. Outputs.SelectMany(x => x)], 0, absolute, outputs);
        }
    }
}
