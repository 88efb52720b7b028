using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ConsistencyModels.Networks;

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

/// <summary>
/// A loaded network with its preconditioning around it: the denoiser of a consistency model, or with
/// <see cref="Preconditioning.Edm"/> that of a diffusion model. A batch is one network call, however large it is: how much fits
/// into memory at once is the engine's to know.
/// </summary>
/// <remarks>It borrows the network: whoever loaded it disposes it. Safe to call from several threads at once.</remarks>
public sealed class Denoiser : IDenoiser
{
    private const int OnStack = 128;

    private readonly IUNet _network;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network; borrowed, not disposed here.</param>
    /// <param name="preconditioning">The scalars around it.</param>
    /// <param name="clip">Whether x₀ is clipped to [-1, 1].</param>
    /// <exception cref="ConsistencyModelsException">The network's output has other channels than its input.</exception>
    public Denoiser(IUNet network, Preconditioning preconditioning, bool clip)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(preconditioning);
        if (network.Config.InChannels != network.Config.OutChannels)
        {
            throw new ConsistencyModelsException(
                $"The network's out_channels is {network.Config.OutChannels}; expected in_channels = {network.Config.InChannels}, since a denoiser gives an image of the kind it takes.");
        }

        _network = network;
        Preconditioning = preconditioning;
        Clip = clip;
    }

    /// <summary>The scalars around the network.</summary>
    public Preconditioning Preconditioning { get; }

    /// <summary>Whether x₀ is clipped to [-1, 1].</summary>
    public bool Clip { get; }

    /// <inheritdoc/>
    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        NoiseLevel.ThrowIfInvalid(levels, shape.Batch);
        ForwardArguments.ThrowIfInvalid(_network.Config, x.Length, shape, levels.Length, classLabels, denoised.Length);
        Span<float> conditioning = levels.Length <= OnStack ? stackalloc float[levels.Length] : new float[levels.Length];
        for (var i = 0; i < levels.Length; i++)
        {
            conditioning[i] = (float)levels[i].Conditioning;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var scaled = ArrayPool<float>.Shared.Rent(shape.Length);

        // The noisy images are needed once more after the network: its output goes elsewhere if they would be overwritten.
        var apart = x.Overlaps(denoised) ? ArrayPool<float>.Shared.Rent(shape.Length) : null;
        try
        {
            var output = apart is null ? denoised : apart.AsSpan(0, shape.Length);
            var length = shape.ImageLength;
            for (var i = 0; i < shape.Batch; i++)
            {
                var sigma = levels[levels.Length == 1 ? 0 : i].Sigma;
                TensorPrimitives.Multiply(x.Slice(i * length, length), Preconditioning.CIn(sigma), scaled.AsSpan(i * length, length));
            }

            _network.Forward(scaled.AsSpan(0, shape.Length), shape, conditioning, classLabels, output, cancellationToken);
            Combine(x, length, levels, output, denoised);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scaled);
            if (apart is not null)
            {
                ArrayPool<float>.Shared.Return(apart);
            }
        }
    }

    private void Combine(
        ReadOnlySpan<float> x, int length, ReadOnlySpan<NoiseLevel> levels, ReadOnlySpan<float> output, Span<float> denoised)
    {
        List<int>? broken = null;
        for (var (image, start) = (0, 0); start < output.Length; image++, start += length)
        {
            var sigma = levels[levels.Length == 1 ? 0 : image].Sigma;
            var (skip, scale) = (Preconditioning.CSkip(sigma), Preconditioning.COut(sigma));
            if (!Combine(x.Slice(start, length), skip, output.Slice(start, length), scale, Clip, denoised.Slice(start, length)))
            {
                (broken ??= []).Add(image);
            }
        }

        if (broken is not null)
        {
            var sigma = levels[levels.Length == 1 ? 0 : broken[0]].Sigma;
            throw new NonFiniteOutputException(
                NonFiniteOutputException.Describe(string.Create(CultureInfo.InvariantCulture, $"sigma {sigma}"), broken), broken);
        }
    }

    /// <summary>
    /// c_skip·x + c_out·F, clipped or not, in one pass. It is told there whether all of F is finite: clipping would hide an infinity.
    /// </summary>
    private static bool Combine(ReadOnlySpan<float> x, float skip, ReadOnlySpan<float> output, float scale, bool clip, Span<float> result)
    {
        var (low, high) = clip ? (-1f, 1f) : (float.NegativeInfinity, float.PositiveInfinity);
        var xs = MemoryMarshal.Cast<float, Vector<float>>(x);
        var outputs = MemoryMarshal.Cast<float, Vector<float>>(output);
        var results = MemoryMarshal.Cast<float, Vector<float>>(result);
        var (lows, highs, largest) = (new Vector<float>(low), new Vector<float>(high), new Vector<float>(float.MaxValue));
        var finite = Vector<int>.AllBitsSet;
        for (var i = 0; i < results.Length; i++)
        {
            var f = outputs[i];
            finite &= Vector.LessThanOrEqual(Vector.Abs(f), largest);
            results[i] = Vector.Min(Vector.Max((xs[i] * skip) + (f * scale), lows), highs);
        }

        var all = finite == Vector<int>.AllBitsSet;
        for (var i = results.Length * Vector<float>.Count; i < result.Length; i++)
        {
            all &= float.IsFinite(output[i]);
            result[i] = Math.Clamp((x[i] * skip) + (output[i] * scale), low, high);
        }

        return all;
    }
}
