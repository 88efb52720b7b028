using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

/// <content>The transposed transforms.</content>
internal readonly unsafe partial struct WinogradF2<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OutputAdjoint(float** pixels, nint ahead, int channels, float* sums, float* products, nint planeStride, nint panelStride)
    {
        for (var c = 0; c < channels; c += T.Count)
        {
            Cache.Fetch(pixels[0] + c + ahead);
            Cache.Fetch(pixels[1] + c + ahead);
            Cache.Fetch(pixels[2] + c + ahead);
            Cache.Fetch(pixels[3] + c + ahead);
            T y00 = T.Load(pixels[0] + c), y01 = T.Load(pixels[1] + c), y10 = T.Load(pixels[2] + c), y11 = T.Load(pixels[3] + c);
            T.Store(T.Load(sums + c) + (y00 + y01 + (y10 + y11)), sums + c);
            var o = products + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            OutputLineAdjoint(y00, y01, o, planeStride);
            OutputLineAdjoint(y00 + y10, y01 + y11, o + (4 * planeStride), planeStride);
            OutputLineAdjoint(y00 - y10, y01 - y11, o + (8 * planeStride), planeStride);
            OutputLineAdjoint(T.Create(0) - y10, T.Create(0) - y11, o + (12 * planeStride), planeStride);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InputAdjoint(float* inputs, nint planeStride, nint panelStride, int channels, float** pixels)
    {
        var memory = stackalloc float[AlignedRows.Floats(16)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < channels; c += T.Count)
        {
            var p = inputs + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            for (var j = 0; j < 4; j++)
            {
                InputLineAdjoint(
                    T.Load(p), T.Load(p + (4 * planeStride)), T.Load(p + (8 * planeStride)), T.Load(p + (12 * planeStride)),
                    out rows[j], out rows[4 + j], out rows[8 + j], out rows[12 + j]);
                p += planeStride;
            }

            for (var i = 0; i < 16; i += 4)
            {
                InputLineAdjoint(rows[i], rows[i + 1], rows[i + 2], rows[i + 3], out var d0, out var d1, out var d2, out var d3);
                var pixel = pixels + i;
                T.Store(T.Load(pixel[0] + c) + d0, pixel[0] + c);
                T.Store(T.Load(pixel[1] + c) + d1, pixel[1] + c);
                T.Store(T.Load(pixel[2] + c) + d2, pixel[2] + c);
                T.Store(T.Load(pixel[3] + c) + d3, pixel[3] + c);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void WeightAdjoint(float* weights, nint planeStride, float* filter)
    {
        var memory = stackalloc float[AlignedRows.Floats(12)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < Gemm.PanelWidth; c += T.Count)
        {
            for (var j = 0; j < 4; j++)
            {
                var p = weights + (j * planeStride) + c;
                WeightLineAdjoint(
                    T.Load(p), T.Load(p + (4 * planeStride)), T.Load(p + (8 * planeStride)), T.Load(p + (12 * planeStride)),
                    out rows[j], out rows[4 + j], out rows[8 + j]);
            }

            var o = filter + c;
            for (var i = 0; i < 12; i += 4)
            {
                WeightLineAdjoint(rows[i], rows[i + 1], rows[i + 2], rows[i + 3], out var g0, out var g1, out var g2);
                T.Store(g0, o);
                T.Store(g1, o + Gemm.PanelWidth);
                T.Store(g2, o + (2 * Gemm.PanelWidth));
                o += 3 * Gemm.PanelWidth;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputLineAdjoint(T y0, T y1, float* products, nint planeStride)
    {
        T.Store(y0, products);
        T.Store(y0 + y1, products + planeStride);
        T.Store(y0 - y1, products + (2 * planeStride));
        T.Store(T.Create(0) - y1, products + (3 * planeStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputLineAdjoint(T t0, T t1, T t2, T t3, out T d0, out T d1, out T d2, out T d3)
    {
        d0 = t0;
        d1 = t1 - t2 + t3;
        d2 = t1 + t2 - t0;
        d3 = T.Create(0) - t3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightLineAdjoint(T t0, T t1, T t2, T t3, out T g0, out T g1, out T g2)
    {
        var half = T.Create(0.5f);
        var even = half * (t1 + t2);
        g0 = t0 + even;
        g1 = half * (t1 - t2);
        g2 = even + t3;
    }
}
