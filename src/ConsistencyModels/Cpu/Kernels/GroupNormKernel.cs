using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Statistics(float* x, int pixels, int channels, float* mean, float* squares)
    {
        var reciprocal = Vector.Create(1f / pixels);
        var width = Vector<float>.Count;
        for (var c = 0; c < channels; c += 2 * width)
        {
            // Two vectors at a time: a cache line with AVX2. Channels are multiples of 16, so the second one exists unless vectors are that wide.
            var second = c + width < channels ? width : 0;
            Vector<float> sum0 = Vector<float>.Zero, sum1 = Vector<float>.Zero;
            var p = x + c;
            for (var i = 0; i < pixels; i++)
            {
                sum0 += Vector.Load(p);
                sum1 += Vector.Load(p + second);
                p += channels;
            }

            Vector<float> mean0 = sum0 * reciprocal, mean1 = sum1 * reciprocal;
            Vector<float> squares0 = Vector<float>.Zero, squares1 = Vector<float>.Zero;
            p = x + c;
            for (var i = 0; i < pixels; i++)
            {
                var d0 = Vector.Load(p) - mean0;
                var d1 = Vector.Load(p + second) - mean1;
                squares0 = Vector.MultiplyAddEstimate(d0, d0, squares0);
                squares1 = Vector.MultiplyAddEstimate(d1, d1, squares1);
                p += channels;
            }

            mean0.Store(mean + c);
            squares0.Store(squares + c);
            mean1.Store(mean + c + second);
            squares1.Store(squares + c + second);
        }
    }

    /// <summary>y = a·x + b for each channel, through SiLU if asked. <paramref name="y"/> may be <paramref name="x"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float* a, float* b, float* y, nint yStride, int pixels, int channels, bool silu)
    {
        for (var i = 0; i < pixels; i++)
        {
            if (silu)
            {
                for (var c = 0; c < channels; c += Vector<float>.Count)
                {
                    VectorMath.SiLU(Vector.MultiplyAddEstimate(Vector.Load(x + c), Vector.Load(a + c), Vector.Load(b + c))).Store(y + c);
                }
            }
            else
            {
                for (var c = 0; c < channels; c += Vector<float>.Count)
                {
                    Vector.MultiplyAddEstimate(Vector.Load(x + c), Vector.Load(a + c), Vector.Load(b + c)).Store(y + c);
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ApplyHalving(
        float* upper, float* lower, float* a, float* b, float* y, nint yStride, float* mean, nint meanStride, int pixels, int channels)
    {
        var quarter = Vector.Create(0.25f);
        for (var i = 0; i < pixels; i++)
        {
            for (var c = 0; c < channels; c += Vector<float>.Count)
            {
                Vector<float> x0 = Vector.Load(upper + c), x1 = Vector.Load(upper + channels + c);
                Vector<float> x2 = Vector.Load(lower + c), x3 = Vector.Load(lower + channels + c);
                Vector<float> va = Vector.Load(a + c), vb = Vector.Load(b + c);
                var sum = VectorMath.SiLU(Vector.MultiplyAddEstimate(x0, va, vb)) + VectorMath.SiLU(Vector.MultiplyAddEstimate(x1, va, vb))
                    + VectorMath.SiLU(Vector.MultiplyAddEstimate(x2, va, vb)) + VectorMath.SiLU(Vector.MultiplyAddEstimate(x3, va, vb));
                (sum * quarter).Store(y + c);
                if (mean is not null)
                {
                    ((x0 + x1 + x2 + x3) * quarter).Store(mean + c);
                }
            }

            upper += 2 * channels;
            lower += 2 * channels;
            y += yStride;
            mean = mean is null ? null : mean + meanStride;
        }
    }
}
