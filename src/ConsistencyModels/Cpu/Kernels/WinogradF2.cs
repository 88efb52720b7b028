using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// F(2x2, 3x3): 16 products for 4 outputs, 2.25 times fewer multiplications than the direct algorithm, weights 16/9 as
/// large. Interpolation at 0, 1, -1, ∞; all factors are 1 or 1/2, so its error is that of the direct algorithm.
/// </summary>
/// <remarks>
/// <code>
/// Bᵀ = 1  0 -1  0     G =  1   0   0     Aᵀ = 1 1  1  0
///      0  1  1  0          ½   ½   ½          0 1 -1 -1
///      0 -1  1  0          ½  -½   ½
///      0  1  0 -1          0   0   1
/// </code>
/// </remarks>
[SkipLocalsInit]
internal readonly unsafe partial struct WinogradF2<T> : IWinogradTile
    where T : unmanaged, IFloats<T>
{
    /// <inheritdoc/>
    public static int OutputSize => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float** pixels, nint ahead, int channels, float* output, nint planeStride, nint panelStride)
    {
        var memory = stackalloc float[AlignedRows.Floats(16)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < channels; c += T.Count)
        {
            Cache.Fetch(pixels[5] + c + ahead);
            Cache.Fetch(pixels[6] + c + ahead);
            Cache.Fetch(pixels[9] + c + ahead);
            Cache.Fetch(pixels[10] + c + ahead);
            for (var j = 0; j < 4; j++)
            {
                var d0 = T.Load(pixels[j] + c);
                var d1 = T.Load(pixels[4 + j] + c);
                var d2 = T.Load(pixels[8 + j] + c);
                var d3 = T.Load(pixels[12 + j] + c);
                rows[j] = d0 - d2;
                rows[4 + j] = d1 + d2;
                rows[8 + j] = d2 - d1;
                rows[12 + j] = d1 - d3;
            }

            var o = output + (c / Gemm.PanelWidth * panelStride) + (c % Gemm.PanelWidth);
            for (var i = 0; i < 4; i++)
            {
                T r0 = rows[4 * i], r1 = rows[(4 * i) + 1], r2 = rows[(4 * i) + 2], r3 = rows[(4 * i) + 3];
                T.Store(r0 - r2, o);
                T.Store(r1 + r2, o + planeStride);
                T.Store(r2 - r1, o + (2 * planeStride));
                T.Store(r1 - r3, o + (3 * planeStride));
                o += 4 * planeStride;
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* products, nint planeStride, in WinogradTarget target)
    {
        var memory = stackalloc float[AlignedRows.Floats(8)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < target.Channels; c += T.Count)
        {
            var p = products + c;
            for (var j = 0; j < 4; j++)
            {
                var m0 = T.Load(p + (j * planeStride));
                var m1 = T.Load(p + ((4 + j) * planeStride));
                var m2 = T.Load(p + ((8 + j) * planeStride));
                var m3 = T.Load(p + ((12 + j) * planeStride));
                rows[j] = m0 + m1 + m2;
                rows[4 + j] = m1 - m2 - m3;
            }

            var bias = WinogradStore.Bias<T>(target, c);
            for (var i = 0; i < target.Rows; i++)
            {
                T r0 = rows[4 * i], r1 = rows[(4 * i) + 1], r2 = rows[(4 * i) + 2], r3 = rows[(4 * i) + 3];
                WinogradStore.Store(r0 + r1 + r2 + bias, target, i, 0, c);
                if (target.Columns > 1)
                {
                    WinogradStore.Store(r1 - r2 - r3 + bias, target, i, 1, c);
                }
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weight(float* filter, float* output, nint planeStride)
    {
        var half = T.Create(0.5f);
        var memory = stackalloc float[AlignedRows.Floats(12)];
        var rows = AlignedRows.Of<T>(memory);
        for (var c = 0; c < Gemm.PanelWidth; c += T.Count)
        {
            for (var j = 0; j < 3; j++)
            {
                var g0 = T.Load(filter + (j * Gemm.PanelWidth) + c);
                var g1 = T.Load(filter + ((3 + j) * Gemm.PanelWidth) + c);
                var g2 = T.Load(filter + ((6 + j) * Gemm.PanelWidth) + c);
                var outer = (g0 + g2) * half;
                var inner = g1 * half;
                rows[j] = g0;
                rows[3 + j] = outer + inner;
                rows[6 + j] = outer - inner;
                rows[9 + j] = g2;
            }

            var o = output + c;
            for (var i = 0; i < 4; i++)
            {
                T r0 = rows[3 * i], r1 = rows[(3 * i) + 1], r2 = rows[(3 * i) + 2];
                var outer = (r0 + r2) * half;
                var inner = r1 * half;
                T.Store(r0, o);
                T.Store(outer + inner, o + planeStride);
                T.Store(outer - inner, o + (2 * planeStride));
                T.Store(r2, o + (3 * planeStride));
                o += 4 * planeStride;
            }
        }
    }
}
