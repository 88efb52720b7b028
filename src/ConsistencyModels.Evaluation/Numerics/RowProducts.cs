using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Evaluation.Numerics;

/// <summary>
/// All dot products of the rows of two matrices: a·bᵀ. Rows are multiplied four by two, so that eight sums are under way at once and a
/// loaded number is used more than once. A sum is always made in the same order, whatever it is computed beside.
/// </summary>
internal static class RowProducts
{
    private const int RowsA = 4;
    private const int RowsB = 2;

    /// <summary>Rows of a block that are worth handing to a thread: of 2,048 doubles they fit into a second-level cache.</summary>
    public const int Block = 64;

    /// <summary>output[i, j] = Σₖ a[i, k]·b[j, k].</summary>
    /// <param name="a">Rows one after another.</param>
    /// <param name="b">The same; of the same length.</param>
    /// <param name="length">Length of a row.</param>
    /// <param name="output">Receives rows(a) rows.</param>
    /// <param name="stride">Distance of the rows of the output, at least rows(b).</param>
    public static void Multiply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, int length, Span<T> output, int stride)
        where T : struct, INumber<T>
    {
        var (rowsA, rowsB) = (a.Length / length, b.Length / length);
        for (var i = 0; i < rowsA; i += RowsA)
        {
            var height = Math.Min(RowsA, rowsA - i);
            for (var j = 0; j < rowsB; j += RowsB)
            {
                Tile(a[(i * length)..], height, b[(j * length)..], Math.Min(RowsB, rowsB - j), length, output[((i * stride) + j)..], stride);
            }
        }
    }

    /// <summary>The same on all cores.</summary>
    public static void MultiplyParallel(double[] a, double[] b, int length, double[] output)
    {
        var (rowsA, rowsB) = (a.Length / length, b.Length / length);
        Parallel.For(0, (rowsA + Block - 1) / Block, block =>
        {
            var first = block * Block;
            var rows = Math.Min(Block, rowsA - first);
            for (var column = 0; column < rowsB; column += Block)
            {
                Multiply<double>(
                    a.AsSpan(first * length, rows * length),
                    b.AsSpan(column * length, Math.Min(Block, rowsB - column) * length),
                    length,
                    output.AsSpan((first * rowsB) + column),
                    rowsB);
            }
        });
    }

    // Rows that are not there are the first one once more: its products are not written.
    private static void Tile<T>(ReadOnlySpan<T> a, int height, ReadOnlySpan<T> b, int width, int length, Span<T> output, int stride)
        where T : struct, INumber<T>
    {
        ref var a0 = ref MemoryMarshal.GetReference(a);
        ref var a1 = ref Unsafe.Add(ref a0, height > 1 ? length : 0);
        ref var a2 = ref Unsafe.Add(ref a0, height > 2 ? 2 * length : 0);
        ref var a3 = ref Unsafe.Add(ref a0, height > 3 ? 3 * length : 0);
        ref var b0 = ref MemoryMarshal.GetReference(b);
        ref var b1 = ref Unsafe.Add(ref b0, width > 1 ? length : 0);
        Vector<T> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        nuint k = 0;
        for (var end = (nuint)(length - (length % Vector<T>.Count)); k < end; k += (nuint)Vector<T>.Count)
        {
            var (x, y) = (Load(ref b0, k), Load(ref b1, k));
            var row = Load(ref a0, k);
            (s00, s01) = (MultiplyAdd(row, x, s00), MultiplyAdd(row, y, s01));
            row = Load(ref a1, k);
            (s10, s11) = (MultiplyAdd(row, x, s10), MultiplyAdd(row, y, s11));
            row = Load(ref a2, k);
            (s20, s21) = (MultiplyAdd(row, x, s20), MultiplyAdd(row, y, s21));
            row = Load(ref a3, k);
            (s30, s31) = (MultiplyAdd(row, x, s30), MultiplyAdd(row, y, s31));
        }

        ReadOnlySpan<T> sums =
        [
            Vector.Sum(s00) + Rest(ref a0, ref b0, k, length), Vector.Sum(s01) + Rest(ref a0, ref b1, k, length),
            Vector.Sum(s10) + Rest(ref a1, ref b0, k, length), Vector.Sum(s11) + Rest(ref a1, ref b1, k, length),
            Vector.Sum(s20) + Rest(ref a2, ref b0, k, length), Vector.Sum(s21) + Rest(ref a2, ref b1, k, length),
            Vector.Sum(s30) + Rest(ref a3, ref b0, k, length), Vector.Sum(s31) + Rest(ref a3, ref b1, k, length),
        ];
        for (var i = 0; i < height; i++)
        {
            sums.Slice(i * RowsB, width).CopyTo(output[(i * stride)..]);
        }
    }

    private static T Rest<T>(ref T a, ref T b, nuint k, int length)
        where T : struct, INumber<T>
    {
        var sum = T.Zero;
        for (; k < (nuint)length; k++)
        {
            sum += Unsafe.Add(ref a, k) * Unsafe.Add(ref b, k);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Load<T>(ref T row, nuint at)
        where T : struct => Vector.LoadUnsafe(ref row, at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> MultiplyAdd<T>(Vector<T> x, Vector<T> y, Vector<T> sum)
        where T : struct =>
        typeof(T) == typeof(float) ? Vector.FusedMultiplyAdd(x.As<T, float>(), y.As<T, float>(), sum.As<T, float>()).As<float, T>()
        : Vector.FusedMultiplyAdd(x.As<T, double>(), y.As<T, double>(), sum.As<T, double>()).As<double, T>();
}
