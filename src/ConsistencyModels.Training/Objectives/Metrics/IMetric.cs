namespace ConsistencyModels.Training.Objectives.Metrics;

/// <summary>A distance of images and its gradient.</summary>
public interface IMetric
{
    /// <summary>Measures how far images are from their targets.</summary>
    /// <param name="output">Images, shape.Length floats.</param>
    /// <param name="target">What they should be.</param>
    /// <param name="shape">[N, C, H, W].</param>
    /// <param name="distances">Receives one distance per image.</param>
    /// <param name="gradient">Receives d(distance of an image)/d(output), as many floats as the images.</param>
    void Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient);
}

/// <summary>A distance that takes one image at a time.</summary>
public abstract record ImageMetric : IMetric
{
    /// <inheritdoc/>
    public void Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient)
    {
        var length = shape.ImageLength;
        for (var i = 0; i < shape.Batch; i++)
        {
            distances[i] = (float)Measure(output.Slice(i * length, length), target.Slice(i * length, length), gradient.Slice(i * length, length));
        }
    }

    /// <summary>The distance of one image.</summary>
    /// <param name="output">The image.</param>
    /// <param name="target">What it should be.</param>
    /// <param name="gradient">Receives the derivative for each value of <paramref name="output"/>.</param>
    protected abstract double Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient);
}

/// <summary>The mean absolute difference: <c>l1</c>.</summary>
public sealed record L1Metric : ImageMetric
{
    /// <inheritdoc/>
    protected override double Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient)
    {
        var sum = 0.0;
        for (var i = 0; i < output.Length; i++)
        {
            var difference = output[i] - target[i];
            sum += Math.Abs(difference);
            gradient[i] = float.IsNaN(difference) ? difference : Math.Sign(difference) / (float)output.Length;
        }

        return sum / output.Length;
    }
}

/// <summary>The mean squared difference: <c>l2</c>.</summary>
public sealed record L2Metric : ImageMetric
{
    /// <inheritdoc/>
    protected override double Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient)
    {
        var sum = 0.0;
        for (var i = 0; i < output.Length; i++)
        {
            var difference = output[i] - target[i];
            sum += (double)difference * difference;
            gradient[i] = 2 * difference / output.Length;
        }

        return sum / output.Length;
    }
}

/// <summary>
/// The pseudo-Huber distance √(|a - b|² + c²) - c of whole images (Song and Dhariwal 2023, section 3.3), with the sum of squares under
/// the root. c = 0 is the plain norm, easy consistency tuning's default.
/// </summary>
/// <param name="C">c; null for 0.00054 √(values of an image), improved consistency training's choice.</param>
public sealed record PseudoHuberMetric(double? C = null) : ImageMetric
{
    // The gradient of a root at 0 is infinite; far below any real error.
    private const double TinySquare = 1e-24;
    private const double PerRoot = 0.00054;

    /// <inheritdoc/>
    protected override double Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient)
    {
        var c = C ?? PerRoot * Math.Sqrt(output.Length);
        var sum = 0.0;
        for (var i = 0; i < output.Length; i++)
        {
            var difference = output[i] - target[i];
            sum += (double)difference * difference;
            gradient[i] = difference;
        }

        var squares = sum + (c * c);
        var root = squares > TinySquare || double.IsNaN(squares) ? Math.Sqrt(squares) : Math.Sqrt(TinySquare);
        var scale = (float)(squares < TinySquare ? 0 : 1 / root);
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] *= scale;
        }

        return root - c;
    }
}

/// <summary>
/// The pseudo-Huber distance of every value by itself, and their mean: what diffusers' script for consistency training computes, where
/// the paper has the sum of squares under the root.
/// </summary>
/// <param name="C">c; null for 0.00054 √(values of an image).</param>
public sealed record ValuewisePseudoHuberMetric(double? C = null) : ImageMetric
{
    private const double PerRoot = 0.00054;

    /// <inheritdoc/>
    protected override double Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient)
    {
        var c = C ?? PerRoot * Math.Sqrt(output.Length);
        var sum = 0.0;
        for (var i = 0; i < output.Length; i++)
        {
            double difference = output[i] - target[i];
            var root = Math.Sqrt((difference * difference) + (c * c));
            sum += root - c;
            gradient[i] = (float)(difference / root / output.Length);
        }

        return sum / output.Length;
    }
}
