using System.Numerics.Tensors;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Samplers;

/// <summary>
/// EDM's deterministic second-order sampler (Karras et al. 2022, Algorithm 1): follows the probability-flow ODE down a
/// list of noise levels with Heun's method, and the last step, to 0, with Euler's. For diffusion models: NFE = 2·levels - 1.
/// </summary>
public static class HeunSampler
{
    /// <summary>Samples in place.</summary>
    /// <param name="denoiser">The diffusion model.</param>
    /// <param name="x">Unit noise [N, C, H, W] on entry; images in about [-1, 1] on return.</param>
    /// <param name="shape">Shape of the batch.</param>
    /// <param name="sigmas">Noise levels from sigma_max down, all above 0; a final 0 is understood.</param>
    /// <param name="classLabels">One label an image, or empty.</param>
    /// <param name="cancellationToken">Observed at every network call.</param>
    public static void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        ReadOnlySpan<double> sigmas,
        ReadOnlySpan<int> classLabels,
        CancellationToken cancellationToken = default)
    {
        var slope = new float[x.Length];
        var next = new float[x.Length];
        var nextSlope = new float[x.Length];
        TensorPrimitives.Multiply(x, (float)sigmas[0], x);
        for (var i = 0; i < sigmas.Length; i++)
        {
            var sigma = sigmas[i];
            var target = i + 1 < sigmas.Length ? sigmas[i + 1] : 0;
            var step = (float)(target - sigma);
            Slope(denoiser, x, shape, sigma, classLabels, slope, cancellationToken);
            TensorPrimitives.MultiplyAdd(slope, step, x, next);
            if (target > 0)
            {
                Slope(denoiser, next, shape, target, classLabels, nextSlope, cancellationToken);
                TensorPrimitives.Add(slope, nextSlope, slope);
                TensorPrimitives.MultiplyAdd(slope, step / 2, x, next);
            }

            next.CopyTo(x);
        }
    }

    // dx/dσ = (x - D(x; σ)) / σ
    private static void Slope(
        IDenoiser denoiser,
        ReadOnlySpan<float> x,
        ImageShape shape,
        double sigma,
        ReadOnlySpan<int> classLabels,
        Span<float> slope,
        CancellationToken cancellationToken)
    {
        denoiser.Denoise(x, shape, [(float)sigma], classLabels, slope, cancellationToken);
        TensorPrimitives.Subtract(x, slope, slope);
        TensorPrimitives.Divide(slope, (float)sigma, slope);
    }
}
