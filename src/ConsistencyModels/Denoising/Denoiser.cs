using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Denoising;

/// <summary>
/// A loaded network with its preconditioning around it: the denoiser of a consistency model, or with
/// <see cref="Preconditioning.Edm"/> that of a diffusion model. Large batches pass the network in chunks.
/// </summary>
/// <remarks>It borrows the network: whoever loaded it disposes it. Safe to call from several threads at once.</remarks>
public sealed class Denoiser : IDenoiser
{
    internal const string Advice = "In F16 this is an overflow: use BF16 or F32. In F32 the weights themselves are broken.";

    // 16 images of 64x64 or one of 256x256 a call: past that a CPU gains nothing from a larger batch, and memory grows with it.
    private const int DefaultChunkPixels = 65536;

    private readonly IUNet _network;
    private readonly int _chunkSize;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network; borrowed, not disposed here.</param>
    /// <param name="preconditioning">The scalars around it.</param>
    /// <param name="clip">Whether x₀ is clipped to [-1, 1].</param>
    /// <param name="chunkSize">The most images in one network call; 0 chooses by their size (65,536 pixels a call, at least one image).</param>
    /// <exception cref="ConsistencyModelsException">The network's output has other channels than its input.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="chunkSize"/> is negative.</exception>
    public Denoiser(IUNet network, Preconditioning preconditioning, bool clip, int chunkSize = 0)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(preconditioning);
        ArgumentOutOfRangeException.ThrowIfNegative(chunkSize);
        if (network.Config.InChannels != network.Config.OutChannels)
        {
            throw new ConsistencyModelsException(
                $"The network's out_channels is {network.Config.OutChannels}; expected in_channels = {network.Config.InChannels}, since a denoiser gives an image of the kind it takes.");
        }

        _network = network;
        _chunkSize = chunkSize;
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
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        Span<float> timesteps = sigmas.Length <= 128 ? stackalloc float[sigmas.Length] : new float[sigmas.Length];
        for (var i = 0; i < sigmas.Length; i++)
        {
            timesteps[i] = Preconditioning.CNoise(sigmas[i]);
        }

        Denoise(x, shape, sigmas, timesteps, classLabels, denoised, cancellationToken);
    }

    /// <summary>
    /// The same with c_noise given: diffusers computes it before it rounds σ to float32, and where nothing is clipped the last
    /// bit of it is seen in the picture after a few steps.
    /// </summary>
    internal void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken)
    {
        ForwardArguments.ThrowIfInvalid(_network.Config, x.Length, shape, sigmas.Length, classLabels, denoised.Length);
        ThrowIfNegative(sigmas);
        var chunk = Math.Min(shape.Batch, ChunkFor(shape));
        var scaled = ArrayPool<float>.Shared.Rent(shape.WithBatch(chunk).Length);
        var output = ArrayPool<float>.Shared.Rent(shape.WithBatch(chunk).Length);
        try
        {
            for (var first = 0; first < shape.Batch; first += chunk)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Math.Min(chunk, shape.Batch - first);
                var part = shape.WithBatch(count);
                var start = first * shape.ImageLength;
                var levels = sigmas.Length == 1 ? 0..1 : first..(first + count);
                Chunk(
                    x.Slice(start, part.Length),
                    part,
                    first,
                    sigmas[levels],
                    timesteps[levels],
                    classLabels.IsEmpty ? classLabels : classLabels.Slice(first, count),
                    denoised.Slice(start, part.Length),
                    scaled.AsSpan(0, part.Length),
                    output.AsSpan(0, part.Length),
                    cancellationToken);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scaled);
            ArrayPool<float>.Shared.Return(output);
        }
    }

    /// <summary>The most images of this size that go into one network call.</summary>
    internal int ChunkFor(ImageShape shape) =>
        _chunkSize > 0 ? _chunkSize : (int)Math.Max(1, DefaultChunkPixels / ((long)shape.Height * shape.Width));

    /// <summary>"image 3", or "images 0, 1, 2 and 17 more": never a line of a thousand numbers.</summary>
    internal static string Describe(IReadOnlyList<int> images)
    {
        const int Shown = 8;
        var list = string.Join(", ", images.Take(Shown));
        return images.Count == 1 ? $"image {list} of the batch"
            : images.Count <= Shown ? $"images {list} of the batch"
            : $"images {list} and {images.Count - Shown} more of the batch";
    }

    private static void ThrowIfNegative(ReadOnlySpan<float> sigmas)
    {
        foreach (var sigma in sigmas)
        {
            if (!(sigma >= 0 && float.IsFinite(sigma)))
            {
                throw new ArgumentOutOfRangeException(nameof(sigmas), sigma, "A noise level must be a finite number from 0 up.");
            }
        }
    }

    private void Chunk(
        ReadOnlySpan<float> x,
        ImageShape shape,
        int first,
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        Span<float> scaled,
        Span<float> output,
        CancellationToken cancellationToken)
    {
        var length = shape.ImageLength;
        for (var i = 0; i < shape.Batch; i++)
        {
            var sigma = sigmas[sigmas.Length == 1 ? 0 : i];
            TensorPrimitives.Multiply(x.Slice(i * length, length), Preconditioning.CIn(sigma), scaled.Slice(i * length, length));
        }

        _network.Forward(scaled, shape, timesteps, classLabels, output, cancellationToken);

        // Before the weights and the clipping, which would hide an infinity.
        ThrowIfNotFinite(output, length, first, sigmas);
        for (var i = 0; i < shape.Batch; i++)
        {
            var sigma = sigmas[sigmas.Length == 1 ? 0 : i];
            var image = output.Slice(i * length, length);
            var result = denoised.Slice(i * length, length);
            TensorPrimitives.Multiply(image, Preconditioning.COut(sigma), image);
            TensorPrimitives.MultiplyAdd(x.Slice(i * length, length), Preconditioning.CSkip(sigma), image, result);
            if (Clip)
            {
                TensorPrimitives.Clamp(result, -1f, 1f, result);
            }
        }
    }

    private static void ThrowIfNotFinite(ReadOnlySpan<float> output, int length, int first, ReadOnlySpan<float> sigmas)
    {
        List<int> images = [];
        for (var start = 0; start < output.Length; start += length)
        {
            if (!float.IsFinite(TensorPrimitives.MaxMagnitude(output.Slice(start, length))))
            {
                images.Add(first + (start / length));
            }
        }

        if (images.Count > 0)
        {
            var sigma = sigmas[sigmas.Length == 1 ? 0 : images[0] - first];
            throw new NonFiniteOutputException(
                string.Create(CultureInfo.InvariantCulture, $"The network gave NaN or infinity at sigma {sigma} in {Describe(images)}. {Advice}"),
                images);
        }
    }
}
