using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Denoising;

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
