using System.Buffers;
using System.Numerics.Tensors;

namespace ConsistencyModels.Editing;

/// <summary>
/// An orthogonal matrix over the channels of each pixel whose first coordinate is a weighted sum of them, such as luma.
/// </summary>
/// <remarks>
/// The matrix is the reflection I - 2vvᵀ/vᵀv (Householder) that takes the first unit vector to the normalised weights: a
/// product of rank one over whole planes, and its own inverse. openai's code completes the same first column by a QR
/// decomposition; the other columns differ, but an edit that knows the first coordinate depends on no more than that column.
/// </remarks>
public sealed class ChannelTransform : ITransform
{
    // Below this the weights are the first unit vector already, and v has no direction.
    private const double SmallestLength = 1e-12;

    // v over its length; zero where it has none, which makes the matrix I.
    private readonly float[] _v;

    /// <summary>Takes the weights of the first coordinate.</summary>
    /// <param name="weights">One per channel, finite, not all 0; their length does not matter, they are normalised.</param>
    /// <exception cref="ArgumentException">There are none, or they have no direction.</exception>
    public ChannelTransform(IReadOnlyList<double> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var norm = Math.Sqrt(weights.Sum(weight => weight * weight));
        if (!(norm > 0 && double.IsFinite(norm)))
        {
            throw new ArgumentException("The weights must be finite numbers that are not all 0.", nameof(weights));
        }

        FirstColumn = [.. weights.Select(weight => weight / norm)];
        double[] v = [.. FirstColumn.Select((weight, i) => i == 0 ? weight - 1 : weight)];
        var length = Math.Sqrt(v.Sum(value => value * value));
        _v = [.. v.Select(value => length > SmallestLength ? (float)(value / length) : 0)];
    }

    /// <summary>Luma and two coordinates across it: weights 0.2989, 0.5870, 0.1140 for red, green and blue, as in openai's code.</summary>
    public static ChannelTransform Luma { get; } = new([0.2989, 0.5870, 0.1140]);

    /// <summary>The normalised weights: the matrix's first column.</summary>
    public IReadOnlyList<double> FirstColumn { get; }

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
        if (shape.Channels != _v.Length)
        {
            var kind = shape.Channels switch { 1 => " (gray)", 3 => " (RGB)", 4 => " (RGBA)", _ => "" };
            throw new ConsistencyModelsException(
                $"This edit weighs {_v.Length} colour channels against each other; the model's images have {shape.Channels}{kind}, expected {_v.Length}.");
        }
    }

    /// <inheritdoc/>
    public void Forward(Span<float> x, ImageShape shape)
    {
        var plane = shape.Height * shape.Width;
        var rented = ArrayPool<float>.Shared.Rent(plane);
        try
        {
            var dot = rented.AsSpan(0, plane);
            for (var image = 0; image < shape.Batch; image++)
            {
                var pixels = x.Slice(image * shape.ImageLength, shape.ImageLength);
                TensorPrimitives.Multiply(pixels[..plane], _v[0], dot);
                for (var c = 1; c < _v.Length; c++)
                {
                    TensorPrimitives.MultiplyAdd(pixels.Slice(c * plane, plane), _v[c], dot, dot);
                }

                for (var c = 0; c < _v.Length; c++)
                {
                    var channel = pixels.Slice(c * plane, plane);
                    TensorPrimitives.MultiplyAdd(dot, -2 * _v[c], channel, channel);
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <inheritdoc/>
    public void Inverse(Span<float> x, ImageShape shape) => Forward(x, shape);
}
