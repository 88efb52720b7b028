using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// Pieces of group normalization over pixels with channels last. Statistics are taken in pieces of at most
/// <see cref="PiecePixels"/> pixels: mean and sum of squared distances from the piece's own mean, a channel at a time, which
/// does not cancel however far the mean is from zero. Pieces are joined in double precision and fixed order
/// (T. Chan, G. Golub, R. LeVeque, 1979), so the result depends neither on threads nor on the batch.
/// </summary>
internal static unsafe class GroupNormKernel
{
    /// <summary>Pixels of a piece.</summary>
    public const int PiecePixels = 64;

    /// <summary>Mean and sum of squared distances of every channel of one piece.</summary>
    /// <param name="x">First pixel.</param>
    /// <param name="pixels">At most <see cref="PiecePixels"/>.</param>
    /// <param name="channels">A multiple of 16; also the distance of pixels.</param>
    /// <param name="mean">Receives the means.</param>
    /// <param name="squares">Receives the sums of squares.</param>
    public static void Statistics(float* x, int pixels, int channels, float* mean, float* squares)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Statistics<Floats512>(x, pixels, channels, mean, squares);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Statistics<Floats256>(x, pixels, channels, mean, squares);
        }
        else
        {
            Statistics<Floats128>(x, pixels, channels, mean, squares);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Statistics<T>(float* x, int pixels, int channels, float* mean, float* squares)
        where T : unmanaged, IFloats<T>
    {
        var reciprocal = T.Create(1f / pixels);
        var width = T.Count;
        for (var c = 0; c < channels; c += 2 * width)
        {
            // Two vectors at a time: a cache line with AVX2. Channels are multiples of 16, so the second one exists unless vectors are that wide.
            var second = c + width < channels ? width : 0;
            T sum0 = T.Create(0), sum1 = T.Create(0);
            var p = x + c;
            for (var i = 0; i < pixels; i++)
            {
                sum0 += T.Load(p);
                sum1 += T.Load(p + second);
                p += channels;
            }

            T mean0 = sum0 * reciprocal, mean1 = sum1 * reciprocal;
            T squares0 = T.Create(0), squares1 = T.Create(0);
            p = x + c;
            for (var i = 0; i < pixels; i++)
            {
                var d0 = T.Load(p) - mean0;
                var d1 = T.Load(p + second) - mean1;
                squares0 = T.MultiplyAdd(d0, d0, squares0);
                squares1 = T.MultiplyAdd(d1, d1, squares1);
                p += channels;
            }

            T.Store(mean0, mean + c);
            T.Store(squares0, squares + c);
            T.Store(mean1, mean + c + second);
            T.Store(squares1, squares + c + second);
        }
    }

    /// <summary>y = a·x + b for each channel, through SiLU if asked. <paramref name="y"/> may be <paramref name="x"/>.</summary>
    public static void Apply(float* x, float* a, float* b, float* y, nint yStride, int pixels, int channels, bool silu)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Apply<Floats512>(x, a, b, y, yStride, pixels, channels, silu);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Apply<Floats256>(x, a, b, y, yStride, pixels, channels, silu);
        }
        else
        {
            Apply<Floats128>(x, a, b, y, yStride, pixels, channels, silu);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<T>(float* x, float* a, float* b, float* y, nint yStride, int pixels, int channels, bool silu)
        where T : unmanaged, IFloats<T>
    {
        for (var i = 0; i < pixels; i++)
        {
            if (silu)
            {
                for (var c = 0; c < channels; c += T.Count)
                {
                    T.Store(VectorMath.SiLU(T.MultiplyAdd(T.Load(x + c), T.Load(a + c), T.Load(b + c))), y + c);
                }
            }
            else
            {
                for (var c = 0; c < channels; c += T.Count)
                {
                    T.Store(T.MultiplyAdd(T.Load(x + c), T.Load(a + c), T.Load(b + c)), y + c);
                }
            }

            x += channels;
            y += yStride;
        }
    }

    /// <summary>The same, followed by the mean of 2x2 pixels; the input's own mean is written too, if asked.</summary>
    /// <param name="upper">A row of pixels.</param>
    /// <param name="lower">The next row.</param>
    /// <param name="a">Factors.</param>
    /// <param name="b">Shifts.</param>
    /// <param name="y">A row of half as many pixels.</param>
    /// <param name="yStride">Distance of its pixels.</param>
    /// <param name="mean">Receives the means of the input itself, or null.</param>
    /// <param name="meanStride">Distance of its pixels.</param>
    /// <param name="pixels">Pixels of the output row.</param>
    /// <param name="channels">A multiple of 16; also the distance of the input's pixels.</param>
    public static void ApplyHalving(
        float* upper, float* lower, float* a, float* b, float* y, nint yStride, float* mean, nint meanStride, int pixels, int channels)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            ApplyHalving<Floats512>(upper, lower, a, b, y, yStride, mean, meanStride, pixels, channels);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            ApplyHalving<Floats256>(upper, lower, a, b, y, yStride, mean, meanStride, pixels, channels);
        }
        else
        {
            ApplyHalving<Floats128>(upper, lower, a, b, y, yStride, mean, meanStride, pixels, channels);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyHalving<T>(
        float* upper, float* lower, float* a, float* b, float* y, nint yStride, float* mean, nint meanStride, int pixels, int channels)
        where T : unmanaged, IFloats<T>
    {
        var quarter = T.Create(0.25f);
        for (var i = 0; i < pixels; i++)
        {
            for (var c = 0; c < channels; c += T.Count)
            {
                T x0 = T.Load(upper + c), x1 = T.Load(upper + channels + c);
                T x2 = T.Load(lower + c), x3 = T.Load(lower + channels + c);
                T va = T.Load(a + c), vb = T.Load(b + c);
                var sum = VectorMath.SiLU(T.MultiplyAdd(x0, va, vb)) + VectorMath.SiLU(T.MultiplyAdd(x1, va, vb))
                    + VectorMath.SiLU(T.MultiplyAdd(x2, va, vb)) + VectorMath.SiLU(T.MultiplyAdd(x3, va, vb));
                T.Store(sum * quarter, y + c);
                if (mean is not null)
                {
                    T.Store((x0 + x1 + x2 + x3) * quarter, mean + c);
                }
            }

            upper += 2 * channels;
            lower += 2 * channels;
            y += yStride;
            mean = mean is null ? null : mean + meanStride;
        }
    }
}
