using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>One run of a sampler: the calls of the network with their reports, and scratch memory that goes back at the end.</summary>
internal sealed class SamplerRun : IDisposable
{
    private readonly IDenoiser _denoiser;
    private readonly INoiseGenerator _noise;
    private readonly SamplingOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly int _evaluations;
    private readonly List<float[]> _rented = [];
    private int _done;

    public SamplerRun(
        IDenoiser denoiser, int length, ImageShape shape, INoiseGenerator noise, SamplingOptions? options, int evaluations, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noise);
        if (shape.Batch < 1 || shape.Length != length)
        {
            throw new ArgumentException($"The batch has {length} values; expected {shape.Length}, shape {shape}.", nameof(length));
        }

        cancellation.ThrowIfCancellationRequested();
        _denoiser = denoiser;
        _noise = noise;
        _options = options ?? SamplingOptions.Default;
        _cancellation = cancellation;
        _evaluations = evaluations;
        Shape = shape;
    }

    public ImageShape Shape { get; }

    /// <summary>Scratch of a batch's length; its content is undefined.</summary>
    public Span<float> Rent()
    {
        var array = ArrayPool<float>.Shared.Rent(Shape.Length);
        _rented.Add(array);
        return array.AsSpan(0, Shape.Length);
    }

    public void Noise(Span<float> batch) => _noise.Randn(batch, Shape.Batch);

    /// <summary>x₀ of a batch; <paramref name="denoised"/> may be the memory of <paramref name="x"/>.</summary>
    /// <param name="x">The noisy batch.</param>
    /// <param name="sigma">Its level.</param>
    /// <param name="denoised">Receives x₀.</param>
    /// <param name="timestep">c_noise where a reference computes it in another precision; null for the denoiser's own.</param>
    public void Denoise(ReadOnlySpan<float> x, float sigma, Span<float> denoised, float? timestep = null)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (timestep is { } given && _denoiser is Denoiser own)
        {
            own.Denoise(x, Shape, [sigma], [given], _options.ClassLabels.Span, denoised, _cancellation);
        }
        else
        {
            _denoiser.Denoise(x, Shape, [sigma], _options.ClassLabels.Span, denoised, _cancellation);
        }

        _options.Progress?.Report(new(++_done, _evaluations));
    }

    public void Report(int step, float sigma, float sigmaHat, ReadOnlySpan<float> x, ReadOnlySpan<float> denoised) =>
        _options.Callback?.Invoke(new(step, sigma, sigmaHat, x, denoised));

    public void Finish(Span<float> x)
    {
        if (_options.ClampResult)
        {
            TensorPrimitives.Clamp(x, -1f, 1f, x);
        }
    }

    /// <summary>dx/dσ = (x - D(x; σ)) / σ, from x₀ in place.</summary>
    public static void Slope(ReadOnlySpan<float> x, float sigma, Span<float> denoisedToSlope)
    {
        TensorPrimitives.Subtract(x, denoisedToSlope, denoisedToSlope);
        TensorPrimitives.Divide(denoisedToSlope, sigma, denoisedToSlope);
    }

    public void Dispose()
    {
        foreach (var array in _rented)
        {
            ArrayPool<float>.Shared.Return(array);
        }

        _rented.Clear();
    }
}
