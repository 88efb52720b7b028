using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu;

/// <summary>
/// F(4x4, 3x3): 36 products for 16 outputs, 4 times fewer multiplications than the direct algorithm, weights 4 times as large.
/// </summary>
/// <remarks>
/// Interpolation at 0, ±a, ±b, ∞ with a = 1/√2 and b = √2 instead of the usual ±1, ±2: the factors of Aᵀ, Bᵀ and G then stay
/// within 2√2 and the rounding error is about a third. With p(x) = x(x² - a²)(x² - b²) = x(x⁴ - 5/2 x² + 1), a row of Bᵀ holds
/// the coefficients of p(x) without one root, a row of G the powers of its point over the product of its distances to the
/// other points, and Aᵀ the powers of the points:
/// <code>
/// Bᵀ = 1    0  -5/2    0   1  0     G =   1      0      0      Aᵀ = 1  1   1   1   1  0
///      0  -2a   -2     a   1  0         -2/3  -2a/3   -1/3          0  a  -a   b  -b  0
///      0   2a   -2    -a   1  0         -2/3   2a/3   -1/3          0  ½   ½   2   2  0
///      0  -b/2  -½     b   1  0          1/6    b/6    1/3          0  a³ -a³  b³ -b³ 1
///      0   b/2  -½    -b   1  0          1/6   -b/6    1/3
///      0    1    0   -5/2  0  1           0      0      1
/// </code>
/// Rows for +a and -a share their even and odd parts, and so do those for ±b.
/// </remarks>
[SkipLocalsInit]
internal readonly unsafe struct WinogradF4 : IWinogradTile
{
    private const float A = 0.70710678118654752f;
    private const float B = 1.41421356237309505f;
    private const float A3 = 0.35355339059327376f;
    private const float B3 = 2.82842712474619010f;

    /// <inheritdoc/>
    public static int OutputSize => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, int channels, float* output, nint planeStride)
    {
        var rows = stackalloc Vector<float>[36];
        for (var c = 0; c < channels; c += Vector<float>.Count)
        {
            for (var j = 0; j < 6; j++)
            {
                InputLine(
                    Vector.Load(pixels[j] + c), Vector.Load(pixels[6 + j] + c), Vector.Load(pixels[12 + j] + c),
                    Vector.Load(pixels[18 + j] + c), Vector.Load(pixels[24 + j] + c), Vector.Load(pixels[30 + j] + c),
                    out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j], out rows[24 + j], out rows[30 + j]);
            }

            var o = output + c;
            for (var i = 0; i < 36; i += 6)
            {
                InputLine(
                    rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5],
                    out var t0, out var t1, out var t2, out var t3, out var t4, out var t5);
                t0.Store(o);
                t1.Store(o + planeStride);
                t2.Store(o + (2 * planeStride));
                t3.Store(o + (3 * planeStride));
                t4.Store(o + (4 * planeStride));
                t5.Store(o + (5 * planeStride));
                o += 6 * planeStride;
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* products, nint planeStride, in WinogradTarget target)
    {
        var rows = stackalloc Vector<float>[24];
        for (var c = 0; c < target.Channels; c += Vector<float>.Count)
        {
            var p = products + c;
            for (var j = 0; j < 6; j++)
            {
                OutputLine(
                    Vector.Load(p), Vector.Load(p + (6 * planeStride)), Vector.Load(p + (12 * planeStride)),
                    Vector.Load(p + (18 * planeStride)), Vector.Load(p + (24 * planeStride)), Vector.Load(p + (30 * planeStride)),
                    out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j]);
                p += planeStride;
            }

            var bias = WinogradStore.Bias(target, c);
            for (var i = 0; i < target.Rows; i++)
            {
                OutputLine(
                    rows[6 * i], rows[(6 * i) + 1], rows[(6 * i) + 2], rows[(6 * i) + 3], rows[(6 * i) + 4], rows[(6 * i) + 5],
                    out var y0, out var y1, out var y2, out var y3);
                WinogradStore.Store(y0 + bias, target, i, 0, c);
                if (target.Columns == 4)
                {
                    WinogradStore.Store(y1 + bias, target, i, 1, c);
                    WinogradStore.Store(y2 + bias, target, i, 2, c);
                    WinogradStore.Store(y3 + bias, target, i, 3, c);
                    continue;
                }

                if (target.Columns > 1)
                {
                    WinogradStore.Store(y1 + bias, target, i, 1, c);
                }

                if (target.Columns > 2)
                {
                    WinogradStore.Store(y2 + bias, target, i, 2, c);
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weight(float* filter, float* output, nint planeStride)
    {
        var rows = stackalloc Vector<float>[18];
        for (var c = 0; c < Gemm.PanelWidth; c += Vector<float>.Count)
        {
            for (var j = 0; j < 3; j++)
            {
                WeightLine(
                    Vector.Load(filter + (j * Gemm.PanelWidth) + c),
                    Vector.Load(filter + ((3 + j) * Gemm.PanelWidth) + c),
                    Vector.Load(filter + ((6 + j) * Gemm.PanelWidth) + c),
                    out rows[j], out rows[3 + j], out rows[6 + j], out rows[9 + j], out rows[12 + j], out rows[15 + j]);
            }

            var o = output + c;
            for (var i = 0; i < 18; i += 3)
            {
                WeightLine(rows[i], rows[i + 1], rows[i + 2], out var t0, out var t1, out var t2, out var t3, out var t4, out var t5);
                t0.Store(o);
                t1.Store(o + planeStride);
                t2.Store(o + (2 * planeStride));
                t3.Store(o + (3 * planeStride));
                t4.Store(o + (4 * planeStride));
                t5.Store(o + (5 * planeStride));
                o += 6 * planeStride;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLine(
        Vector<float> d0, Vector<float> d1, Vector<float> d2, Vector<float> d3, Vector<float> d4, Vector<float> d5,
        out Vector<float> t0, out Vector<float> t1, out Vector<float> t2, out Vector<float> t3, out Vector<float> t4, out Vector<float> t5)
    {
        var evenA = Vector.MultiplyAddEstimate(Vector.Create(-2f), d2, d4);
        var oddA = Vector.MultiplyAddEstimate(Vector.Create(-2f), d1, d3);
        var evenB = Vector.MultiplyAddEstimate(Vector.Create(-0.5f), d2, d4);
        var oddB = Vector.MultiplyAddEstimate(Vector.Create(-0.5f), d1, d3);
        t0 = Vector.MultiplyAddEstimate(Vector.Create(-2.5f), d2, d0 + d4);
        t1 = Vector.MultiplyAddEstimate(Vector.Create(A), oddA, evenA);
        t2 = Vector.MultiplyAddEstimate(Vector.Create(-A), oddA, evenA);
        t3 = Vector.MultiplyAddEstimate(Vector.Create(B), oddB, evenB);
        t4 = Vector.MultiplyAddEstimate(Vector.Create(-B), oddB, evenB);
        t5 = Vector.MultiplyAddEstimate(Vector.Create(-2.5f), d3, d1 + d5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLine(
        Vector<float> m0, Vector<float> m1, Vector<float> m2, Vector<float> m3, Vector<float> m4, Vector<float> m5,
        out Vector<float> y0, out Vector<float> y1, out Vector<float> y2, out Vector<float> y3)
    {
        var evenA = m1 + m2;
        var oddA = m1 - m2;
        var evenB = m3 + m4;
        var oddB = m3 - m4;
        y0 = m0 + evenA + evenB;
        y1 = Vector.MultiplyAddEstimate(Vector.Create(B), oddB, Vector.Create(A) * oddA);
        y2 = Vector.MultiplyAddEstimate(Vector.Create(2f), evenB, Vector.Create(0.5f) * evenA);
        y3 = Vector.MultiplyAddEstimate(Vector.Create(B3), oddB, Vector.MultiplyAddEstimate(Vector.Create(A3), oddA, m5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLine(
        Vector<float> g0, Vector<float> g1, Vector<float> g2,
        out Vector<float> t0, out Vector<float> t1, out Vector<float> t2, out Vector<float> t3, out Vector<float> t4, out Vector<float> t5)
    {
        var evenA = (g0 * Vector.Create(-2f / 3)) + (g2 * Vector.Create(-1f / 3));
        var oddA = g1 * Vector.Create(-2 * A / 3);
        var evenB = (g0 * Vector.Create(1f / 6)) + (g2 * Vector.Create(1f / 3));
        var oddB = g1 * Vector.Create(B / 6);
        t0 = g0;
        t1 = evenA + oddA;
        t2 = evenA - oddA;
        t3 = evenB + oddB;
        t4 = evenB - oddB;
        t5 = g2;
    }
}
