using System.Buffers;
using System.Numerics.Tensors;

namespace ConsistencyModels.Editing;

/// <summary>
/// An orthogonal matrix over the pixels of each square patch, channel by channel, whose first coordinate is the patch's mean
/// times its side. The coordinates lie where the pixels lay, so the first is at each patch's upper left corner.
/// </summary>
/// <remarks>
/// As in <see cref="ChannelTransform"/> a reflection: with v = (1, …, 1)/p - e₁ it is x - v·(2vᵀx/vᵀv), the sum of a patch and
/// one subtraction. A full matrix, as openai's 64x64 for p = 8, would cost p² times as much and depend on p⁴ numbers.
/// </remarks>
public sealed class PatchTransform : ITransform
{
    /// <summary>Patches of one size.</summary>
    /// <param name="size">Side p of a patch in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is not positive.</exception>
    public PatchTransform(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
    }

    /// <summary>Side of a patch in pixels.</summary>
    public int Size { get; }

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
        if (shape.Height % Size != 0 || shape.Width % Size != 0)
        {
            throw new ConsistencyModelsException(
                $"The factor is {Size}, which does not divide the size {shape.Height}x{shape.Width}; expected a divisor of both sides, such as {Divisors(shape)}.");
        }
    }

    /// <inheritdoc/>
    public void Forward(Span<float> x, ImageShape shape)
    {
        if (Size == 1)
        {
            return;
        }

        var width = shape.Width;
        var band = Size * width;
        var rented = ArrayPool<float>.Shared.Rent(width);
        try
        {
            var row = rented.AsSpan(0, width);
            for (var start = 0; start < shape.Length; start += band)
            {
                Reflect(x.Slice(start, band), row);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <inheritdoc/>
    public void Inverse(Span<float> x, ImageShape shape) => Forward(x, shape);

    // One row of patches: rows add up by whole vectors, then each patch's columns.
    private void Reflect(Span<float> band, Span<float> row)
    {
        var width = row.Length;
        band[..width].CopyTo(row);
        for (var y = 1; y < Size; y++)
        {
            TensorPrimitives.Add(row, band.Slice(y * width, width), row);
        }

        // vᵀx = sum/p - x₁ and vᵀv = 2 - 2/p.
        var inverse = 1f / Size;
        for (var left = 0; left < width; left += Size)
        {
            var share = ((TensorPrimitives.Sum<float>(row.Slice(left, Size)) * inverse) - band[left]) / (1 - inverse);
            row.Slice(left, Size).Fill(share * inverse);
            band[left] += share;
        }

        for (var y = 0; y < Size; y++)
        {
            var line = band.Slice(y * width, width);
            TensorPrimitives.Subtract(line, row, line);
        }
    }

    private static string Divisors(ImageShape shape)
    {
        int[] all = [.. Enumerable.Range(2, Math.Min(shape.Height, shape.Width) - 1).Where(p => shape.Height % p == 0 && shape.Width % p == 0).Take(4)];
        return all.Length == 0 ? "1" : string.Join(", ", all);
    }
}
