using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// One run of a sampler: what all samplers do alike. It begins with noise, calls the denoiser, puts what is known into x₀,
/// reports, and lends scratch memory that goes back at the end.
/// </summary>
internal sealed class SamplingRun : IDisposable
{
    private readonly ISampler _sampler;
    private readonly IDenoiser _denoiser;
    private readonly INoiseGenerator _noise;
    private readonly SamplingOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly List<float[]> _rented = [];
    private float[]? _denoised;
    private NoiseLevel? _level;
    private int _step;
    private int _calls;

    public SamplingRun(
        ISampler sampler, IDenoiser denoiser, int length, ImageShape shape, INoiseGenerator noise, SamplingOptions? options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noise);
        _options = options ?? SamplingOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.CallbackSteps, 1, nameof(options));
        if (shape.Batch < 1 || shape.Length != length)
        {
            throw new ArgumentException($"The batch has {length} values; expected {shape.Length}, shape {shape}.", nameof(length));
        }

        if (!_options.Start.IsEmpty && _options.Start.Length != length)
        {
            throw new ArgumentException($"The images to start from have {_options.Start.Length} values; expected {length}, shape {shape}.", nameof(options));
        }

        if (_options.Measurement is { } measurement)
        {
            measurement.ThrowIfNotFor(shape);
            if (_options.Reference.Length != length)
            {
                throw new ArgumentException($"The reference has {_options.Reference.Length} values; expected {length}, shape {shape}.", nameof(options));
            }
        }

        cancellation.ThrowIfCancellationRequested();
        (_sampler, _denoiser, _noise, _cancellation) = (sampler, denoiser, noise, cancellation);
        Shape = shape;
    }

    public ImageShape Shape { get; }

    /// <summary>Whether anybody looks at the steps.</summary>
    public bool IsWatched => _options.Callback is not null;

    /// <summary>The images to start from, or empty.</summary>
    public ReadOnlySpan<float> Start => _options.Start.Span;

    /// <summary>Scratch of a batch's length; its content is undefined.</summary>
    public Span<float> Rent() => RentArray().AsSpan(0, Shape.Length);

    /// <summary>Unit noise to a sample of a level, over the images to start from if there are any.</summary>
    public void Begin(Span<float> x, float sigma)
    {
        if (Start.IsEmpty)
        {
            TensorPrimitives.Multiply(x, sigma, x);
        }
        else
        {
            TensorPrimitives.MultiplyAdd(x, sigma, Start, x);
        }
    }

    public void Noise(Span<float> batch) => _noise.Randn(batch, Shape.Batch);

    /// <summary>x₀ of a batch, with what is known in its place; <paramref name="denoised"/> may be the memory of <paramref name="x"/>.</summary>
    public void Denoise(ReadOnlySpan<float> x, NoiseLevel level, Span<float> denoised)
    {
        _cancellation.ThrowIfCancellationRequested();
        try
        {
            _denoiser.Denoise(x, Shape, [level], _options.ClassLabels.Span, denoised, _cancellation);
        }
        catch (NonFiniteOutputException e)
        {
            throw new NonFiniteOutputException(NonFiniteOutputException.Describe($"step {_step + 1} of {_sampler.Steps}", e.Images), e.Images, e);
        }

        if (_options.Measurement is { } measurement)
        {
            // Clamped first, whether or not the denoiser clips, as openai's editing functions do.
            TensorPrimitives.Clamp(denoised, -1f, 1f, denoised);
            measurement.Impose(_options.Reference.Span, denoised, Shape);
        }

        if (IsWatched && _level is null)
        {
            denoised.CopyTo(_denoised ??= RentArray());
        }

        _level ??= level;
        _options.Progress?.Report(new(++_calls, _sampler.NetworkEvaluations));
    }

    /// <summary>Ends a step whose level by the schedule was <paramref name="sigma"/>; the callback may change the sample.</summary>
    public void EndStep(float sigma, Span<float> sample)
    {
        if (IsWatched && _step % _options.CallbackSteps == 0)
        {
            _options.Callback!(new SamplingStep
            {
                Index = _step,
                Count = _sampler.Steps,
                Sigma = sigma,
                Level = _level!.Value,
                Shape = Shape,
                Sample = sample,
                Denoised = _denoised.AsSpan(0, Shape.Length),
            });
        }

        _step++;
        _level = null;
    }

    /// <summary>Makes the last sample the result.</summary>
    public void Finish(Span<float> x)
    {
        if (_options.ClampResult)
        {
            TensorPrimitives.Clamp(x, -1f, 1f, x);
        }

        if (_options is { Measurement: { } measurement, Composite: true })
        {
            measurement.Impose(_options.Reference.Span, x, Shape);
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

    private float[] RentArray()
    {
        var array = ArrayPool<float>.Shared.Rent(Shape.Length);
        _rented.Add(array);
        return array;
    }
}
