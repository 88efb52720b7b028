using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>Sums of vectors and of rows, for gradients. Lengths are multiples of 16.</summary>
internal static unsafe class ElementKernel
{
    // Summed in one go before a sum of sums: rounding then grows with the root of what is left.
    private const int PieceRows = 256;

    /// <summary>Σ a·b over a row of a panel.</summary>
    public static float Dot(float* a, float* b) =>
        Vector512.IsHardwareAccelerated ? Dot<Floats512>(a, b) : Vector256.IsHardwareAccelerated ? Dot<Floats256>(a, b) : Dot<Floats128>(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot<T>(float* a, float* b)
        where T : unmanaged, IFloats<T>
    {
        var sum = T.Load(a) * T.Load(b);
        for (var i = T.Count; i < Gemm.PanelWidth; i += T.Count)
        {
            sum = T.MultiplyAdd(T.Load(a + i), T.Load(b + i), sum);
        }

        return T.Sum(sum);
    }

    /// <summary>target (+)= factor·source.</summary>
    public static void Add(float* source, float factor, float* target, long count, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Add<Floats512>(source, factor, target, count, accumulate);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Add<Floats256>(source, factor, target, count, accumulate);
        }
        else
        {
            Add<Floats128>(source, factor, target, count, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<T>(float* source, float factor, float* target, long count, bool accumulate)
        where T : unmanaged, IFloats<T>
    {
        var f = T.Create(factor);
        for (nint i = 0; i < count; i += T.Count)
        {
            var value = f * T.Load(source + i);
            T.Store(accumulate ? value + T.Load(target + i) : value, target + i);
        }
    }

    /// <summary>One row of half the size: target (+)= the sum of 2x2 pixels.</summary>
    /// <param name="upper">A row of pixels, <paramref name="channels"/> apart.</param>
    /// <param name="lower">The next row.</param>
    /// <param name="target">Half as many pixels.</param>
    /// <param name="pixels">How many.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="accumulate">Add to what is there.</param>
    public static void AddSquares(float* upper, float* lower, float* target, int pixels, int channels, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            AddSquares<Floats512>(upper, lower, target, pixels, channels, accumulate);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            AddSquares<Floats256>(upper, lower, target, pixels, channels, accumulate);
        }
        else
        {
            AddSquares<Floats128>(upper, lower, target, pixels, channels, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddSquares<T>(float* upper, float* lower, float* target, int pixels, int channels, bool accumulate)
        where T : unmanaged, IFloats<T>
    {
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            for (var c = 0; c < channels; c += T.Count)
            {
                var sum = T.Load(upper + c) + T.Load(upper + channels + c) + (T.Load(lower + c) + T.Load(lower + channels + c));
                T.Store(accumulate ? sum + T.Load(target + c) : sum, target + c);
            }

            upper += 2 * channels;
            lower += 2 * channels;
            target += channels;
        }
    }

    /// <summary>The sums of columns: target[i] = Σ over rows of x[row][i].</summary>
    /// <param name="x">First row.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="target">Receives them.</param>
    public static void ColumnSums(float* x, nint stride, int rows, int columns, float* target)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            ColumnSums<Floats512>(x, stride, rows, columns, target);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            ColumnSums<Floats256>(x, stride, rows, columns, target);
        }
        else
        {
            ColumnSums<Floats128>(x, stride, rows, columns, target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ColumnSums<T>(float* x, nint stride, int rows, int columns, float* target)
        where T : unmanaged, IFloats<T>
    {
        for (var c = 0; c < columns; c += T.Count)
        {
            var total = T.Create(0);
            for (var first = 0; first < rows; first += PieceRows)
            {
                var sum = T.Create(0);
                var p = x + (first * stride) + c;
                for (var row = Math.Min(PieceRows, rows - first); row > 0; row--)
                {
                    sum += T.Load(p);
                    p += stride;
                }

                total += sum;
            }

            T.Store(total, target + c);
        }
    }

    /// <summary>target = gradient·SiLU'(x + added), with <paramref name="added"/> null for nothing.</summary>
    public static void SiLUGradient(float* x, float* added, float* gradient, float* target, int count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            SiLUGradient<Floats512>(x, added, gradient, target, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            SiLUGradient<Floats256>(x, added, gradient, target, count);
        }
        else
        {
            SiLUGradient<Floats128>(x, added, gradient, target, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SiLUGradient<T>(float* x, float* added, float* gradient, float* target, int count)
        where T : unmanaged, IFloats<T>
    {
        for (var i = 0; i < count; i += T.Count)
        {
            var value = added is null ? T.Load(x + i) : T.Load(x + i) + T.Load(added + i);
            T.Store(T.Load(gradient + i) * VectorMath.SiLUSlope(value), target + i);
        }
    }
}
