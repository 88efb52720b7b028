namespace ConsistencyModels.Training.Objectives.Metrics;

/// <summary>
/// A distance of images brought to another size first, bilinearly as PyTorch's interpolate does without antialiasing: openai's
/// <c>l2-32</c>, and LPIPS at 224 pixels.
/// </summary>
/// <param name="Inner">The distance.</param>
/// <param name="Size">Height and width that images are brought to.</param>
/// <param name="OnlyBelow">Images of this height or more stay as they are; 0 for none.</param>
public sealed record ResizedMetric(IMetric Inner, int Size, int OnlyBelow = 0) : IMetric
{
    // Many small images made large at once would take gigabytes.
    private const int PixelsAtOnce = 1 << 20;

    /// <inheritdoc/>
    public void Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient)
    {
        if ((OnlyBelow > 0 && shape.Height >= OnlyBelow) || (shape.Height == Size && shape.Width == Size))
        {
            Inner.Measure(output, target, shape, distances, gradient);
            return;
        }

        var part = shape.WithBatch((int)Math.Clamp(PixelsAtOnce / ((long)Size * Size), 1, Math.Max(1, shape.Batch)));
        for (var first = 0; first < shape.Batch; first += part.Batch)
        {
            part = part.WithBatch(Math.Min(part.Batch, shape.Batch - first));
            var images = new Range(first * shape.ImageLength, (first + part.Batch) * shape.ImageLength);
            MeasureResized(output[images], target[images], part, distances.Slice(first, part.Batch), gradient[images]);
        }
    }

    private void MeasureResized(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient)
    {
        using var scratch = new Scratch();
        var resized = shape with { Height = Size, Width = Size };
        var resize = new BilinearResize(shape, resized);
        var a = scratch.Floats(resized.Length);
        var b = scratch.Floats(resized.Length);
        var back = scratch.Floats(resized.Length);
        resize.Forward(output, a);
        resize.Forward(target, b);
        Inner.Measure(a, b, resized, distances, back);
        resize.Backward(back, gradient);
    }
}

/// <summary>Bilinear interpolation with pixel centres at half numbers, edges repeated, and its transpose.</summary>
internal sealed class BilinearResize(ImageShape from, ImageShape to)
{
    private readonly (int Low, int High, float Share)[] _rows = Axis(from.Height, to.Height);
    private readonly (int Low, int High, float Share)[] _columns = Axis(from.Width, to.Width);

    /// <summary>Resizes every channel of every image.</summary>
    public void Forward(ReadOnlySpan<float> source, Span<float> result)
    {
        for (var plane = 0; plane < from.Batch * from.Channels; plane++)
        {
            var small = source.Slice(plane * from.Height * from.Width, from.Height * from.Width);
            var large = result.Slice(plane * to.Height * to.Width, to.Height * to.Width);
            for (var y = 0; y < to.Height; y++)
            {
                var (top, bottom, down) = _rows[y];
                for (var x = 0; x < to.Width; x++)
                {
                    var (left, right, across) = _columns[x];
                    var above = (small[(top * from.Width) + left] * (1 - across)) + (small[(top * from.Width) + right] * across);
                    var below = (small[(bottom * from.Width) + left] * (1 - across)) + (small[(bottom * from.Width) + right] * across);
                    large[(y * to.Width) + x] = (above * (1 - down)) + (below * down);
                }
            }
        }
    }

    /// <summary>What a gradient of the result means for the source.</summary>
    public void Backward(ReadOnlySpan<float> gradient, Span<float> result)
    {
        result.Clear();
        for (var plane = 0; plane < from.Batch * from.Channels; plane++)
        {
            var small = result.Slice(plane * from.Height * from.Width, from.Height * from.Width);
            var large = gradient.Slice(plane * to.Height * to.Width, to.Height * to.Width);
            for (var y = 0; y < to.Height; y++)
            {
                var (top, bottom, down) = _rows[y];
                for (var x = 0; x < to.Width; x++)
                {
                    var (left, right, across) = _columns[x];
                    var value = large[(y * to.Width) + x];
                    small[(top * from.Width) + left] += value * (1 - down) * (1 - across);
                    small[(top * from.Width) + right] += value * (1 - down) * across;
                    small[(bottom * from.Width) + left] += value * down * (1 - across);
                    small[(bottom * from.Width) + right] += value * down * across;
                }
            }
        }
    }

    private static (int Low, int High, float Share)[] Axis(int from, int to)
    {
        var places = new (int, int, float)[to];
        var step = (float)from / to;
        for (var i = 0; i < to; i++)
        {
            var at = Math.Max(0, ((i + 0.5f) * step) - 0.5f);
            var low = Math.Min((int)at, from - 1);
            places[i] = (low, Math.Min(low + 1, from - 1), at - low);
        }

        return places;
    }
}
