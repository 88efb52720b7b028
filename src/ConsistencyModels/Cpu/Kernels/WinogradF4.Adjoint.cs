using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

/// <content>The transposed transforms, by the same even and odd halves.</content>
internal readonly unsafe partial struct WinogradF4<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputAdjoint(float** pixels, nint ahead, int channels, float* sums, float* products, nint planeStride, nint panelStride)
    {
        var memory = stackalloc float[AlignedRows.Floats(24)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < channels; c += T.Count)
        {
            var sum = T.Load(sums + c);
            for (var j = 0; j < 4; j++)
            {
                T y0 = T.Load(pixels[j] + c), y1 = T.Load(pixels[4 + j] + c), y2 = T.Load(pixels[8 + j] + c), y3 = T.Load(pixels[12 + j] + c);
                Cache.Fetch(pixels[j] + c + ahead);
                Cache.Fetch(pixels[4 + j] + c + ahead);
                Cache.Fetch(pixels[8 + j] + c + ahead);
                Cache.Fetch(pixels[12 + j] + c + ahead);
                sum += y0 + y1 + (y2 + y3);
                OutputLineAdjoint(
                    y0, y1, y2, y3, out rows[j], out rows[4 + j], out rows[8 + j], out rows[12 + j], out rows[16 + j], out rows[20 + j]);
            }

            T.Store(sum, sums + c);
            var o = products + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            for (var i = 0; i < 24; i += 4)
            {
                OutputLineAdjoint(
                    rows[i], rows[i + 1], rows[i + 2], rows[i + 3], out var m0, out var m1, out var m2, out var m3, out var m4, out var m5);
                T.Store(m0, o);
                T.Store(m1, o + planeStride);
                T.Store(m2, o + (2 * planeStride));
                T.Store(m3, o + (3 * planeStride));
                T.Store(m4, o + (4 * planeStride));
                T.Store(m5, o + (5 * planeStride));
                o += 6 * planeStride;
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InputAdjoint(float* inputs, nint planeStride, nint panelStride, int channels, float** pixels)
    {
        var memory = stackalloc float[AlignedRows.Floats(36)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < channels; c += T.Count)
        {
            var p = inputs + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            for (var j = 0; j < 6; j++)
            {
                InputLineAdjoint(
                    T.Load(p), T.Load(p + (6 * planeStride)), T.Load(p + (12 * planeStride)),
                    T.Load(p + (18 * planeStride)), T.Load(p + (24 * planeStride)), T.Load(p + (30 * planeStride)),
                    out rows[j], out rows[6 + j], out rows[12 + j], out rows[18 + j], out rows[24 + j], out rows[30 + j]);
                p += planeStride;
            }

            for (var i = 0; i < 36; i += 6)
            {
                InputLineAdjoint(
                    rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5],
                    out var d0, out var d1, out var d2, out var d3, out var d4, out var d5);
                var pixel = pixels + i;
                T.Store(T.Load(pixel[0] + c) + d0, pixel[0] + c);
                T.Store(T.Load(pixel[1] + c) + d1, pixel[1] + c);
                T.Store(T.Load(pixel[2] + c) + d2, pixel[2] + c);
                T.Store(T.Load(pixel[3] + c) + d3, pixel[3] + c);
                T.Store(T.Load(pixel[4] + c) + d4, pixel[4] + c);
                T.Store(T.Load(pixel[5] + c) + d5, pixel[5] + c);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightAdjoint(float* weights, nint planeStride, float* filter)
    {
        var memory = stackalloc float[AlignedRows.Floats(18)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < Gemm.PanelWidth; c += T.Count)
        {
            for (var j = 0; j < 6; j++)
            {
                var p = weights + (j * planeStride) + c;
                WeightLineAdjoint(
                    T.Load(p), T.Load(p + (6 * planeStride)), T.Load(p + (12 * planeStride)),
                    T.Load(p + (18 * planeStride)), T.Load(p + (24 * planeStride)), T.Load(p + (30 * planeStride)),
                    out rows[j], out rows[6 + j], out rows[12 + j]);
            }

            var o = filter + c;
            for (var i = 0; i < 18; i += 6)
            {
                WeightLineAdjoint(
                    rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4], rows[i + 5], out var g0, out var g1, out var g2);
                T.Store(g0, o);
                T.Store(g1, o + Gemm.PanelWidth);
                T.Store(g2, o + (2 * Gemm.PanelWidth));
                o += 3 * Gemm.PanelWidth;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLineAdjoint(T y0, T y1, T y2, T y3, out T m0, out T m1, out T m2, out T m3, out T m4, out T m5)
    {
        var evenA = T.MultiplyAdd(T.Create(0.5f), y2, y0);
        var oddA = T.MultiplyAdd(T.Create(A3), y3, T.Create(A) * y1);
        var evenB = T.MultiplyAdd(T.Create(2f), y2, y0);
        var oddB = T.MultiplyAdd(T.Create(B3), y3, T.Create(B) * y1);
        m0 = y0;
        m1 = evenA + oddA;
        m2 = evenA - oddA;
        m3 = evenB + oddB;
        m4 = evenB - oddB;
        m5 = y3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLineAdjoint(
        T t0, T t1, T t2, T t3, T t4, T t5,
        out T d0, out T d1, out T d2, out T d3, out T d4, out T d5)
    {
        var evenA = t1 + t2;
        var evenB = t3 + t4;
        var oddA = T.Create(A) * (t1 - t2);
        var oddB = T.Create(B) * (t3 - t4);
        d0 = t0;
        d1 = T.MultiplyAdd(T.Create(-2f), oddA, T.MultiplyAdd(T.Create(-0.5f), oddB, t5));
        d2 = T.MultiplyAdd(T.Create(-2.5f), t0, T.MultiplyAdd(T.Create(-2f), evenA, T.Create(-0.5f) * evenB));
        d3 = T.MultiplyAdd(T.Create(-2.5f), t5, oddA + oddB);
        d4 = t0 + evenA + evenB;
        d5 = t5;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLineAdjoint(T t0, T t1, T t2, T t3, T t4, T t5, out T g0, out T g1, out T g2)
    {
        T evenA = t1 + t2, oddA = t1 - t2, evenB = t3 + t4, oddB = t3 - t4;
        g0 = T.MultiplyAdd(T.Create(-2f / 3), evenA, T.MultiplyAdd(T.Create(1f / 6), evenB, t0));
        g1 = T.MultiplyAdd(T.Create(-2 * A / 3), oddA, T.Create(B / 6) * oddB);
        g2 = T.MultiplyAdd(T.Create(-1f / 3), evenA, T.MultiplyAdd(T.Create(1f / 3), evenB, t5));
    }
}
