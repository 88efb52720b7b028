using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Whether values fit into a narrower element type: one that does not becomes infinite, and a network with it fails on its first picture.</summary>
public static class NarrowRange
{
    private const int Listed = 5;
    private const int Chunk = 1 << 20;

    /// <summary>Refuses tensors with finite values that would become infinite.</summary>
    /// <param name="source">Where they are; each is read once.</param>
    /// <param name="names">Their names there.</param>
    /// <param name="dtype">What they are to become; only F16 and BF16 are narrower than float32.</param>
    /// <exception cref="CheckpointException">Values are too large; names the tensors and says how many.</exception>
    /// <exception cref="KeyNotFoundException">The source has no tensor of such a name.</exception>
    public static void ThrowIfExceeded(ITensorSource source, IEnumerable<string> names, TensorDType dtype)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(names);

        // Half of the last place beyond the largest value: from there on rounding gives infinity.
        var (bound, largest) = dtype switch
        {
            TensorDType.F16 => (65520f, "65504"),
            TensorDType.BF16 => (BitConverter.UInt32BitsToSingle(0x7F7F_8000), "3.39e38"),
            _ => (float.PositiveInfinity, ""),
        };
        if (float.IsInfinity(bound))
        {
            return;
        }

        List<string> found = [];
        var total = 0L;
        foreach (var name in names)
        {
            if (source.Tensors[name].DType != dtype && Count(source, name, bound) is > 0 and var count)
            {
                found.Add($"{Printable.Quote(name)} {count}");
                total += count;
                source.Release(name);
            }
        }

        if (found.Count > 0)
        {
            var more = found.Count > Listed ? $" and {found.Count - Listed} more tensors" : "";
            throw new CheckpointException(
                $"{source.Origin}: {total} values are beyond {largest}, the largest of {dtype.FormatName()}, and would become infinite: {string.Join(", ", found.Take(Listed))}{more}; choose a wider type");
        }
    }

    private static long Count(ITensorSource source, string name, float bound)
    {
        var length = checked((int)source.Tensors[name].ElementCount);
        var rented = ArrayPool<float>.Shared.Rent(length);
        try
        {
            var values = rented.AsSpan(0, length);
            source.CopyTo(name, values);
            var count = 0L;

            // Nearly every tensor is done with the first look. The largest magnitude is NaN if there is one.
            for (var rest = values; !rest.IsEmpty; rest = rest[Math.Min(Chunk, rest.Length)..])
            {
                var part = rest[..Math.Min(Chunk, rest.Length)];
                if (!(TensorPrimitives.MaxMagnitude(part) is var most && Math.Abs(most) < bound))
                {
                    foreach (var value in part)
                    {
                        count += float.IsFinite(value) && Math.Abs(value) >= bound ? 1 : 0;
                    }
                }
            }

            return count;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }
}
