
namespace ConsistencyModels.Denoising;

/// <summary>
/// A function (x, σ, labels) → x₀: an image with Gaussian noise of standard deviation σ to a clean image. All that samplers,
/// editors and evaluators see of a network. Implementations are safe to call from several threads at once.
/// </summary>
public interface IDenoiser
{
    /// <summary>Denoises a batch.</summary>
    /// <param name="x">The noisy images, <paramref name="shape"/>.Length floats in NCHW order; clean images lie in [-1, 1].</param>
    /// <param name="shape">Shape of the batch.</param>
    /// <param name="sigmas">Noise levels from 0 up: one an image, or a single one for all.</param>
    /// <param name="classLabels">One label an image, or empty where the model has no classes.</param>
    /// <param name="denoised">Receives the clean images, as many floats as <paramref name="x"/>; may be the same memory as <paramref name="x"/>.</param>
    /// <param name="cancellationToken">Observed at least between network calls.</param>
    /// <exception cref="ArgumentException">A length or a label does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave a NaN or an infinity.</exception>
    void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default);
}
