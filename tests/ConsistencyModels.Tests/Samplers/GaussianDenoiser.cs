using System.Numerics.Tensors;
using ConsistencyModels.Denoising;

namespace ConsistencyModels.Tests.Samplers;

/// <summary>
/// The exact denoiser of data from a normal distribution around 0: D(x, σ) = s²/(s² + σ²)·x. Its probability-flow ODE has the
/// solution x(σ) ∝ √(s² + σ²), so a sampler's error is known.
/// </summary>
internal sealed class GaussianDenoiser(double deviation = 0.5) : IDenoiser
{
    public int Calls { get; private set; }

    public double Exact(double noise, double sigmaMax, double sigma = 0) =>
        noise * sigmaMax * Math.Sqrt(((deviation * deviation) + (sigma * sigma)) / ((deviation * deviation) + (sigmaMax * sigmaMax)));

    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        Calls++;
        double sigma = levels[0].Sigma;
        TensorPrimitives.Multiply(x, (float)(deviation * deviation / ((deviation * deviation) + (sigma * sigma))), denoised);
    }
}
