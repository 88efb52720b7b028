using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

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
internal readonly unsafe partial struct WinogradF4<T> : IWinogradTile
    where T : unmanaged, IFloats<T>
{
    private const float A = 0.70710678118654752f;
    private const float B = 1.41421356237309505f;
    private const float A3 = 0.35355339059327376f;
    private const float B3 = 2.82842712474619010f;

    /// <inheritdoc/>
    public static int OutputSize => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, nint ahead, int channels, float* output, nint planeStride, nint panelStride)
    {
        var memory = stackalloc float[AlignedRows.Floats(36)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < channels; c += T.Count)
        {
            for (var j = 0; j < 6; j++)
            {
                if (j is > 0 and < 5)
                {
                    Cache.Fetch(pixels[6 + j] + c + ahead);
                    Cache.Fetch(pixels[12 + j] + c + ahead);
                    Cache.Fetch(pixels[18 + j] + c + ahead);
                    Cache.Fetch(pixels[24 + j] + c + ahead);
                }

                InputLine(
                    T.Load(pixels[j] + c), T.Load(pixels[6 + j] + c), T.Load(pixels[12 + j] + c),
                    T.Load(pixels[18 + j] + c), T.Load(pixels[24 + j] + c), T.Load(pixels[30 + j] + c),
                    out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j], out rows[24 + j], out rows[30 + j]);
            }

            var o = output + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            for (var i = 0; i < 36; i += 6)
            {
                InputLine(
                    rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5],
                    out var t0, out var t1, out var t2, out var t3, out var t4, out var t5);
                T.Store(t0, o);
                T.Store(t1, o + planeStride);
                T.Store(t2, o + (2 * planeStride));
                T.Store(t3, o + (3 * planeStride));
                T.Store(t4, o + (4 * planeStride));
                T.Store(t5, o + (5 * planeStride));
                o += 6 * planeStride;
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* products, nint planeStride, in WinogradTarget target)
    {
        var memory = stackalloc float[AlignedRows.Floats(24)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < target.Channels; c += T.Count)
        {
            var p = products + c;
            for (var j = 0; j < 6; j++)
            {
                OutputLine(
                    T.Load(p), T.Load(p + (6 * planeStride)), T.Load(p + (12 * planeStride)),
                    T.Load(p + (18 * planeStride)), T.Load(p + (24 * planeStride)), T.Load(p + (30 * planeStride)),
                    out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j]);
                p += planeStride;
            }

            var bias = WinogradStore.Bias<T>(target, c);
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
        var memory = stackalloc float[AlignedRows.Floats(18)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < Gemm.PanelWidth; c += T.Count)
        {
            for (var j = 0; j < 3; j++)
            {
                WeightLine(
                    T.Load(filter + (j * Gemm.PanelWidth) + c),
                    T.Load(filter + ((3 + j) * Gemm.PanelWidth) + c),
                    T.Load(filter + ((6 + j) * Gemm.PanelWidth) + c),
                    out rows[j], out rows[3 + j], out rows[6 + j], out rows[9 + j], out rows[12 + j], out rows[15 + j]);
            }

            var o = output + c;
            for (var i = 0; i < 18; i += 3)
            {
                WeightLine(rows[i], rows[i + 1], rows[i + 2], out var t0, out var t1, out var t2, out var t3, out var t4, out var t5);
                T.Store(t0, o);
                T.Store(t1, o + planeStride);
                T.Store(t2, o + (2 * planeStride));
                T.Store(t3, o + (3 * planeStride));
                T.Store(t4, o + (4 * planeStride));
                T.Store(t5, o + (5 * planeStride));
                o += 6 * planeStride;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLine(
        T d0, T d1, T d2, T d3, T d4, T d5,
        out T t0, out T t1, out T t2, out T t3, out T t4, out T t5)
    {
        var evenA = T.MultiplyAdd(T.Create(-2f), d2, d4);
        var oddA = T.MultiplyAdd(T.Create(-2f), d1, d3);
        var evenB = T.MultiplyAdd(T.Create(-0.5f), d2, d4);
        var oddB = T.MultiplyAdd(T.Create(-0.5f), d1, d3);
        t0 = T.MultiplyAdd(T.Create(-2.5f), d2, d0 + d4);
        t1 = T.MultiplyAdd(T.Create(A), oddA, evenA);
        t2 = T.MultiplyAdd(T.Create(-A), oddA, evenA);
        t3 = T.MultiplyAdd(T.Create(B), oddB, evenB);
        t4 = T.MultiplyAdd(T.Create(-B), oddB, evenB);
        t5 = T.MultiplyAdd(T.Create(-2.5f), d3, d1 + d5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLine(
        T m0, T m1, T m2, T m3, T m4, T m5,
        out T y0, out T y1, out T y2, out T y3)
    {
        var evenA = m1 + m2;
        var oddA = m1 - m2;
        var evenB = m3 + m4;
        var oddB = m3 - m4;
        y0 = m0 + evenA + evenB;
        y1 = T.MultiplyAdd(T.Create(B), oddB, T.Create(A) * oddA);
        y2 = T.MultiplyAdd(T.Create(2f), evenB, T.Create(0.5f) * evenA);
        y3 = T.MultiplyAdd(T.Create(B3), oddB, T.MultiplyAdd(T.Create(A3), oddA, m5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLine(
        T g0, T g1, T g2,
        out T t0, out T t1, out T t2, out T t3, out T t4, out T t5)
    {
        var evenA = (g0 * T.Create(-2f / 3)) + (g2 * T.Create(-1f / 3));
        var oddA = g1 * T.Create(-2 * A / 3);
        var evenB = (g0 * T.Create(1f / 6)) + (g2 * T.Create(1f / 3));
        var oddB = g1 * T.Create(B / 6);
        t0 = g0;
        t1 = evenA + oddA;
        t2 = evenA - oddA;
        t3 = evenB + oddB;
        t4 = evenB - oddB;
        t5 = g2;
    }
}
