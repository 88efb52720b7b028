namespace ConsistencyModels.Denoising;

/// <summary>
/// How much noise there is in an image, and what the network is told about it. The two are one value, because references round
/// them differently: diffusers computes c_noise before it rounds σ to single precision, and where nothing is clipped the last
/// bit of it is seen in the picture after a few steps.
/// </summary>
/// <param name="Sigma">σ, the standard deviation of the noise, from 0 up.</param>
/// <param name="Conditioning">
/// c_noise, 250·ln σ, in the precision in which the reference computes it; a denoiser rounds it to single precision for the network.
/// </param>
public readonly record struct NoiseLevel(float Sigma, double Conditioning)
{
    /// <summary>A level with c_noise in single precision, as openai's code computes it: <see cref="KarrasSigmas.SigmaToT(float)"/>.</summary>
    /// <param name="sigma">σ, from 0 up.</param>
    public NoiseLevel(float sigma)
        : this(sigma, KarrasSigmas.SigmaToT(sigma))
    {
    }

    /// <summary>The same as <see cref="NoiseLevel(float)"/>, so that a plain number is a level.</summary>
    /// <param name="sigma">σ, from 0 up.</param>
    public static implicit operator NoiseLevel(float sigma) => new(sigma);

    /// <summary>The same for several numbers, such as one per image.</summary>
    /// <param name="sigmas">σ, each from 0 up.</param>
    public static NoiseLevel[] Of(params ReadOnlySpan<float> sigmas)
    {
        var levels = new NoiseLevel[sigmas.Length];
        for (var i = 0; i < levels.Length; i++)
        {
            levels[i] = sigmas[i];
        }

        return levels;
    }

    /// <summary>Throws if there is neither one level nor one per image, or one is negative or not finite: what every denoiser asks first.</summary>
    /// <param name="levels">The levels.</param>
    /// <param name="batch">Number of images.</param>
    /// <exception cref="ArgumentException">Says what was found and expected.</exception>
    internal static void ThrowIfInvalid(ReadOnlySpan<NoiseLevel> levels, int batch)
    {
        if (levels.Length != 1 && levels.Length != batch)
        {
            throw new ArgumentException($"There are {levels.Length} noise levels for a batch of {batch}; pass one for each image, or one.", nameof(levels));
        }

        foreach (var (sigma, conditioning) in levels)
        {
            if (!(sigma >= 0 && float.IsFinite(sigma)))
            {
                throw new ArgumentOutOfRangeException(nameof(levels), sigma, "A noise level must be a finite number from 0 up.");
            }

            if (!float.IsFinite((float)conditioning))
            {
                throw new ArgumentOutOfRangeException(nameof(levels), conditioning, "A noise level's conditioning must be a finite number in single precision.");
            }
        }
    }
}

/// <summary>
/// A function (x, σ, labels) → x₀: an image with Gaussian noise of standard deviation σ to a clean image. All that samplers,
/// editors and evaluators see of a network. Implementations are safe to call from several threads at once.
/// </summary>
/// <remarks>
/// Everything a network is told stands in the arguments, so that a denoiser around another one (to count calls, to gather them
/// into batches, to cut a canvas into windows) passes all of it on. Nobody asks which class a denoiser is of.
/// </remarks>
public interface IDenoiser
{
    /// <summary>Denoises a batch.</summary>
    /// <param name="x">The noisy images, <paramref name="shape"/>.Length floats in NCHW order; clean images lie in [-1, 1].</param>
    /// <param name="shape">Shape of the batch.</param>
    /// <param name="levels">Noise levels: one per image, or a single one for all.</param>
    /// <param name="classLabels">One label per image, or empty where the model has no classes.</param>
    /// <param name="denoised">Receives the clean images, as many floats as <paramref name="x"/>; may be the same memory as <paramref name="x"/>.</param>
    /// <param name="cancellationToken">Observed before every network call, and within it where the engine can.</param>
    /// <exception cref="ArgumentException">A length or a label does not fit, or a level is negative or not finite.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave a NaN or an infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the content of <paramref name="denoised"/> is undefined.</exception>
    void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default);
}
