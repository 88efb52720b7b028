using System.Buffers;
using System.Globalization;

namespace ConsistencyModels.Denoising;

/// <summary>How a canvas is cut into windows: <see cref="TiledDenoiser"/>.</summary>
public sealed record TileOptions
{
    /// <summary>Pixels that neighbouring windows share at least, 0 to a window's side - 1; null for half of a side. More costs more network calls.</summary>
    public int? Overlap { get; init => field = value is null or >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Windows overlap by 0 pixels or more."); }

    /// <summary>The most windows in one call of the denoiser within, at least 1; null chooses by their size (65,536 pixels).</summary>
    public int? BatchSize { get; init => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A call takes at least one window."); }

    /// <summary>Receives the part of this canvas that is done, from above 0 to 1, after every call of the denoiser within.</summary>
    internal Action<double>? Progress { get; init; }

    internal void ThrowIfNotFor(ImageSize window)
    {
        if (Overlap >= Math.Min(window.Height, window.Width))
        {
            throw new ArgumentException($"The windows are {window} pixels and overlap by {Overlap}; expected less than a side.", nameof(window));
        }
    }
}

/// <summary>
/// A denoiser for canvases larger than its model: overlapping windows of the model's size, each denoised by itself, are blended
/// with smooth weights that sum to one. Since that happens at every call, a sampler draws one picture without seams
/// (MultiDiffusion, arXiv 2302.08113, with weights that fade towards a window's rim).
/// </summary>
/// <remarks>
/// A canvas may have any size from the model's up. Its windows stand at even distances, the first and the last at its rims. What
/// the denoiser within does alike in all windows comes out as it would without them, bit by bit. Safe to call from several
/// threads at once if the denoiser within is. Memory beside the canvas is bounded by <see cref="TileOptions.BatchSize"/>.
/// </remarks>
public sealed class TiledDenoiser : IDenoiser
{
    private const int PixelsAtOnce = 65536;

    private readonly IDenoiser _inner;
    private readonly ImageSize _window;
    private readonly TileOptions _options;

    /// <summary>Puts windows around a denoiser.</summary>
    /// <param name="inner">The denoiser of one window; borrowed.</param>
    /// <param name="window">The size it works at.</param>
    /// <param name="options">Overlap and batches; null for the defaults.</param>
    /// <exception cref="ArgumentException">The window has no area, or the overlap is not less than its sides.</exception>
    public TiledDenoiser(IDenoiser inner, ImageSize window, TileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfLessThan(window.Height, 1, nameof(window));
        ArgumentOutOfRangeException.ThrowIfLessThan(window.Width, 1, nameof(window));
        _options = options ?? new();
        _options.ThrowIfNotFor(window);
        (_inner, _window) = (inner, window);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The canvas is smaller than a window, or as for any denoiser.</exception>
    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        if (shape.Height == _window.Height && shape.Width == _window.Width)
        {
            _inner.Denoise(x, shape, levels, classLabels, denoised, cancellationToken);
            _options.Progress?.Invoke(1);
            return;
        }

        Check(x.Length, shape, levels, classLabels.Length, denoised.Length);
        var rows = Axis.Of(shape.Height, _window.Height, _options.Overlap);
        var columns = Axis.Of(shape.Width, _window.Width, _options.Overlap);
        var each = rows.Starts.Length * columns.Starts.Length;
        var all = checked(shape.Batch * each);
        var most = Math.Min(all, _options.BatchSize ?? (int)Math.Max(1, PixelsAtOnce / ((long)_window.Height * _window.Width)));
        var window = new ImageShape(most, shape.Channels, _window.Height, _window.Width);
        var part = ArrayPool<float>.Shared.Rent(window.Length);

        // In double precision the order of the windows is not seen, and equal windows give exactly what each of them gave.
        var sum = ArrayPool<double>.Shared.Rent(shape.Length);
        try
        {
            sum.AsSpan(0, shape.Length).Clear();
            for (var first = 0; first < all; first += most)
            {
                var count = Math.Min(most, all - first);
                var windows = part.AsSpan(0, window.WithBatch(count).Length);
                for (var i = 0; i < count; i++)
                {
                    Cut(x, shape, Place(first + i), windows.Slice(i * window.ImageLength, window.ImageLength));
                }

                Inner(windows, window.WithBatch(count), first, each, levels, classLabels, cancellationToken);
                for (var i = 0; i < count; i++)
                {
                    Add(windows.Slice(i * window.ImageLength, window.ImageLength), sum, shape, Place(first + i));
                }

                _options.Progress?.Invoke((double)(first + count) / all);
            }

            for (var i = 0; i < denoised.Length; i++)
            {
                denoised[i] = (float)sum[i];
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(part);
            ArrayPool<double>.Shared.Return(sum);
        }

        Window Place(int index)
        {
            var (image, at) = Math.DivRem(index, each);
            var (row, column) = Math.DivRem(at, columns.Starts.Length);
            return new(image, rows.Starts[row], columns.Starts[column], rows.Weights[row], columns.Weights[column]);
        }
    }

    private static void Check(int length, ImageShape shape, ReadOnlySpan<NoiseLevel> levels, int labels, int denoised)
    {
        if (shape.Batch < 1 || length != shape.Length || denoised != length)
        {
            throw new ArgumentException($"There are {length} values and room for {denoised}; expected {shape.Length}, shape {shape}.", nameof(length));
        }

        // The denoiser within would say so as well, but of the last image only after all windows of those before it.
        NoiseLevel.ThrowIfInvalid(levels, shape.Batch);
        if (labels != 0 && labels != shape.Batch)
        {
            throw new ArgumentException($"There are {labels} class labels for a batch of {shape.Batch}.", nameof(labels));
        }
    }

    private void Inner(
        Span<float> windows,
        ImageShape shape,
        int first,
        int each,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        CancellationToken cancellationToken)
    {
        var own = levels.Length == 1 ? [levels[0]] : new NoiseLevel[shape.Batch];
        var labels = classLabels.IsEmpty ? [] : new int[shape.Batch];
        for (var i = 0; i < shape.Batch; i++)
        {
            var image = (first + i) / each;
            own[own.Length == 1 ? 0 : i] = levels[levels.Length == 1 ? 0 : image];
            if (labels.Length > 0)
            {
                labels[i] = classLabels[image];
            }
        }

        try
        {
            _inner.Denoise(windows, shape, own, labels, windows, cancellationToken);
        }
        catch (NonFiniteOutputException e)
        {
            int[] images = [.. e.Images.Select(i => (first + i) / each).Distinct()];
            var sigma = levels[levels.Length == 1 ? 0 : images[0]].Sigma;
            throw new NonFiniteOutputException(
                NonFiniteOutputException.Describe(string.Create(CultureInfo.InvariantCulture, $"sigma {sigma}"), images), images, e);
        }
    }

    private void Cut(ReadOnlySpan<float> x, ImageShape shape, Window at, Span<float> window)
    {
        for (var row = 0; row < shape.Channels * _window.Height; row++)
        {
            x.Slice(RowStart(shape, at, row), _window.Width).CopyTo(window.Slice(row * _window.Width, _window.Width));
        }
    }

    private void Add(ReadOnlySpan<float> window, double[] sum, ImageShape shape, Window at)
    {
        for (var row = 0; row < shape.Channels * _window.Height; row++)
        {
            var weight = at.RowWeights[row % _window.Height];
            var from = window.Slice(row * _window.Width, _window.Width);
            var to = sum.AsSpan(RowStart(shape, at, row), _window.Width);
            for (var i = 0; i < from.Length; i++)
            {
                to[i] += weight * at.ColumnWeights[i] * from[i];
            }
        }
    }

    /// <summary>Where a row of a window, counted through its channels, begins in the batch.</summary>
    private int RowStart(ImageShape shape, Window at, int row)
    {
        var (channel, y) = Math.DivRem(row, _window.Height);
        return (at.Image * shape.ImageLength) + (((channel * shape.Height) + at.Top + y) * shape.Width) + at.Left;
    }

    private readonly record struct Window(int Image, int Top, int Left, double[] RowWeights, double[] ColumnWeights);

    /// <summary>The windows along one side of a canvas.</summary>
    /// <param name="Starts">Their first pixels, ascending.</param>
    /// <param name="Weights">For each of them the weights of its pixels; over all windows those of a pixel of the canvas sum to one.</param>
    private sealed record Axis(int[] Starts, double[][] Weights)
    {
        public static Axis Of(int length, int window, int? overlap)
        {
            if (length < window)
            {
                throw new ArgumentException($"A side of the canvas has {length} pixels; expected at least those of a window, {window}.", nameof(length));
            }

            var stride = window - (overlap ?? (window / 2));
            var last = (length - window + stride - 1) / stride;
            int[] starts = [.. Enumerable.Range(0, last + 1).Select(i => last == 0 ? 0 : (int)Math.Round((double)i * (length - window) / last))];
            var total = new double[length];
            foreach (var start in starts)
            {
                for (var i = 0; i < window; i++)
                {
                    total[start + i] += Fade(i, window);
                }
            }

            return new(starts, [.. starts.Select(start => Enumerable.Range(0, window).Select(i => Fade(i, window) / total[start + i]).ToArray())]);
        }

        // Nearly nothing at the rim, where the network sees least around a pixel, and smooth everywhere.
        private static double Fade(int i, int window)
        {
            var sine = Math.Sin(Math.PI * (i + 0.5) / window);
            return sine * sine;
        }
    }
}
