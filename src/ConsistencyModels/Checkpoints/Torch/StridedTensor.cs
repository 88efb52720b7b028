using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Checkpoints;

/// <summary>Gathers a strided view into contiguous, little-endian bytes.</summary>
internal static class StridedTensor
{
    /// <summary>Whether the elements lie one after another in C order.</summary>
    public static bool IsContiguous(ReadOnlySpan<long> size, ReadOnlySpan<long> stride)
    {
        var expected = 1L;
        for (var i = size.Length - 1; i >= 0; i--)
        {
            if (size[i] == 0)
            {
                return true;
            }

            // The stride of a dimension of one is never used and can be anything.
            if (size[i] != 1 && stride[i] != expected)
            {
                return false;
            }

            expected *= size[i];
        }

        return true;
    }

    /// <summary>Copies the elements in C order.</summary>
    /// <param name="source">The bytes from the first element to the last.</param>
    /// <param name="size">Dimensions, none of them 0.</param>
    /// <param name="stride">Elements between neighbours along each dimension.</param>
    /// <param name="elementSize">1, 2, 4 or 8.</param>
    /// <param name="swap">Whether each element's bytes are reversed.</param>
    /// <param name="destination">Receives the elements.</param>
    public static void Gather(
        ReadOnlySpan<byte> source, ReadOnlySpan<long> size, ReadOnlySpan<long> stride, int elementSize, bool swap, Span<byte> destination)
    {
        switch (elementSize)
        {
            case 1: Gather<byte>(source, size, stride, destination); break;
            case 2: Gather<ushort>(source, size, stride, destination); break;
            case 4: Gather<uint>(source, size, stride, destination); break;
            default: Gather<ulong>(source, size, stride, destination); break;
        }

        if (swap)
        {
            Swap(destination, elementSize);
        }
    }

    private static void Gather<T>(ReadOnlySpan<byte> source, ReadOnlySpan<long> size, ReadOnlySpan<long> stride, Span<byte> destination)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(source);
        var to = MemoryMarshal.Cast<byte, T>(destination);
        if (size.Length == 0)
        {
            to[0] = from[0];
            return;
        }

        // An odometer over the outer dimensions, a loop over the innermost.
        Span<long> index = stackalloc long[size.Length];
        index.Clear();
        var (inner, step) = (size[^1], stride[^1]);
        var start = 0L;
        for (var written = 0; written < to.Length;)
        {
            for (long i = 0, at = start; i < inner; i++, at += step)
            {
                to[written++] = from[(int)at];
            }

            for (var dimension = size.Length - 2; dimension >= 0; dimension--)
            {
                start += stride[dimension];
                if (++index[dimension] < size[dimension])
                {
                    break;
                }

                start -= stride[dimension] * size[dimension];
                index[dimension] = 0;
            }
        }
    }

    private static void Swap(Span<byte> bytes, int elementSize)
    {
        switch (elementSize)
        {
            case 2:
                var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(halves, halves);
                break;
            case 4:
                var words = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(words, words);
                break;
            case 8:
                var longs = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }
}
