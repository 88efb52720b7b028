using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// A way from noise to images over a denoiser: a value with its settings, immutable, safe to share between threads and to use
/// for any number of batches.
/// </summary>
public interface ISampler
{
    /// <summary>Standard deviation of the first sample: what unit noise is multiplied by.</summary>
    double InitialSigma { get; }

    /// <summary>Steps from noise to images.</summary>
    int Steps { get; }

    /// <summary>Calls of the network per image (NFE): as many as there are steps, or up to twice as many.</summary>
    int NetworkEvaluations { get; }

    /// <summary>Samples a batch in place.</summary>
    /// <param name="denoiser">The model: a diffusion model or a consistency model, whichever the sampler is for.</param>
    /// <param name="x">[N, C, H, W]: standard normal numbers on entry, images nominally in [-1, 1] on return.</param>
    /// <param name="shape">Shape of the batch.</param>
    /// <param name="noise">Where the noise between steps comes from; some samplers draw it even where they do not use it, as the references do.</param>
    /// <param name="options">Labels, what is known of the images, callback, progress and clamping; null for the defaults.</param>
    /// <param name="cancellationToken">Observed before every network call, and within it where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">A measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A length or a label does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave a NaN or an infinity; the message says at which step.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; <paramref name="x"/> holds an intermediate state.</exception>
    void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default);
}
