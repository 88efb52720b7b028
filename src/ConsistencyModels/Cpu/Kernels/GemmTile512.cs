using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The tile of <see cref="Gemm"/> for AVX-512: up to 8 rows by two neighbouring panels of 16 columns. 16 accumulators
/// are twice what the latency of two multiply-add units needs.
/// </summary>
internal static unsafe class GemmTile512
{
    /// <summary>Rows of a full tile.</summary>
    public const int MaxRows = 8;

    /// <summary>C[rows x 32] (+)= A[rows x k]·B[k x 32].</summary>
    /// <param name="a">Row-major, rows <paramref name="lda"/> floats apart.</param>
    /// <param name="lda">Distance of A's rows.</param>
    /// <param name="b">A panel: k rows of 16 floats.</param>
    /// <param name="panelStride">Distance of the next panel.</param>
    /// <param name="c">Row-major.</param>
    /// <param name="ldc">Distance of C's rows.</param>
    /// <param name="k">Depth.</param>
    /// <param name="accumulate">Add to what C holds.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile<TRows>(float* a, nint lda, float* b, nint panelStride, float* c, nint ldc, nint k, bool accumulate)
        where TRows : struct, IRowCount
    {
        Vector512<float> c00, c01;
        Vector512<float> c10, c11;
        Vector512<float> c20, c21;
        Vector512<float> c30, c31;
        Vector512<float> c40, c41;
        Vector512<float> c50, c51;
        Vector512<float> c60, c61;
        Vector512<float> c70, c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = Vector512<float>.Zero;
        var a1 = a + lda;
        var a2 = a1 + lda;
        var a3 = a2 + lda;
        var a4 = a3 + lda;
        var a5 = a4 + lda;
        var a6 = a5 + lda;
        var a7 = a6 + lda;
        var q = b + panelStride;
        for (nint i = 0; i < k; i++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(q);
            var x0 = Vector512.Create(a[i]);
            c00 = Avx512F.FusedMultiplyAdd(x0, b0, c00);
            c01 = Avx512F.FusedMultiplyAdd(x0, b1, c01);

            if (TRows.Rows > 1)
            {
                var x1 = Vector512.Create(a1[i]);
                c10 = Avx512F.FusedMultiplyAdd(x1, b0, c10);
                c11 = Avx512F.FusedMultiplyAdd(x1, b1, c11);
            }

            if (TRows.Rows > 2)
            {
                var x2 = Vector512.Create(a2[i]);
                c20 = Avx512F.FusedMultiplyAdd(x2, b0, c20);
                c21 = Avx512F.FusedMultiplyAdd(x2, b1, c21);
            }

            if (TRows.Rows > 3)
            {
                var x3 = Vector512.Create(a3[i]);
                c30 = Avx512F.FusedMultiplyAdd(x3, b0, c30);
                c31 = Avx512F.FusedMultiplyAdd(x3, b1, c31);
            }

            if (TRows.Rows > 4)
            {
                var x4 = Vector512.Create(a4[i]);
                c40 = Avx512F.FusedMultiplyAdd(x4, b0, c40);
                c41 = Avx512F.FusedMultiplyAdd(x4, b1, c41);
            }

            if (TRows.Rows > 5)
            {
                var x5 = Vector512.Create(a5[i]);
                c50 = Avx512F.FusedMultiplyAdd(x5, b0, c50);
                c51 = Avx512F.FusedMultiplyAdd(x5, b1, c51);
            }

            if (TRows.Rows > 6)
            {
                var x6 = Vector512.Create(a6[i]);
                c60 = Avx512F.FusedMultiplyAdd(x6, b0, c60);
                c61 = Avx512F.FusedMultiplyAdd(x6, b1, c61);
            }

            if (TRows.Rows > 7)
            {
                var x7 = Vector512.Create(a7[i]);
                c70 = Avx512F.FusedMultiplyAdd(x7, b0, c70);
                c71 = Avx512F.FusedMultiplyAdd(x7, b1, c71);
            }

            b += 16;
            q += 16;
        }

        Store(c, c00, c01, accumulate);

        if (TRows.Rows > 1)
        {
            Store(c + ldc, c10, c11, accumulate);
        }

        if (TRows.Rows > 2)
        {
            Store(c + (2 * ldc), c20, c21, accumulate);
        }

        if (TRows.Rows > 3)
        {
            Store(c + (3 * ldc), c30, c31, accumulate);
        }

        if (TRows.Rows > 4)
        {
            Store(c + (4 * ldc), c40, c41, accumulate);
        }

        if (TRows.Rows > 5)
        {
            Store(c + (5 * ldc), c50, c51, accumulate);
        }

        if (TRows.Rows > 6)
        {
            Store(c + (6 * ldc), c60, c61, accumulate);
        }

        if (TRows.Rows > 7)
        {
            Store(c + (7 * ldc), c70, c71, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> v0, Vector512<float> v1, bool accumulate)
    {
        if (accumulate)
        {
            v0 += Vector512.Load(c);
            v1 += Vector512.Load(c + 16);
        }

        v0.Store(c);
        v1.Store(c + 16);
    }
}
