using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>As <see cref="GemmTile512"/>, for the last panel where their number is odd.</summary>
internal static unsafe class GemmTile512Single
{
    /// <summary>Rows of a full tile.</summary>
    public const int MaxRows = 8;

    /// <summary>C[rows x 16] (+)= A[rows x k]·B[k x 16].</summary>
    /// <param name="a">Row-major, rows <paramref name="lda"/> floats apart.</param>
    /// <param name="lda">Distance of A's rows.</param>
    /// <param name="b">A panel: k rows of 16 floats.</param>
    /// <param name="c">Row-major.</param>
    /// <param name="ldc">Distance of C's rows.</param>
    /// <param name="k">Depth.</param>
    /// <param name="accumulate">Add to what C holds.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile<TRows>(float* a, nint lda, float* b, float* c, nint ldc, nint k, bool accumulate)
        where TRows : struct, IRowCount
    {
        Vector512<float> c00;
        Vector512<float> c10;
        Vector512<float> c20;
        Vector512<float> c30;
        Vector512<float> c40;
        Vector512<float> c50;
        Vector512<float> c60;
        Vector512<float> c70;
        c00 = c10 = c20 = c30 = c40 = c50 = c60 = c70 = Vector512<float>.Zero;
        var a1 = a + lda;
        var a2 = a1 + lda;
        var a3 = a2 + lda;
        var a4 = a3 + lda;
        var a5 = a4 + lda;
        var a6 = a5 + lda;
        var a7 = a6 + lda;
        for (nint i = 0; i < k; i++)
        {
            var b0 = Vector512.Load(b);
            var x0 = Vector512.Create(a[i]);
            c00 = Avx512F.FusedMultiplyAdd(x0, b0, c00);

            if (TRows.Rows > 1)
            {
                var x1 = Vector512.Create(a1[i]);
                c10 = Avx512F.FusedMultiplyAdd(x1, b0, c10);
            }

            if (TRows.Rows > 2)
            {
                var x2 = Vector512.Create(a2[i]);
                c20 = Avx512F.FusedMultiplyAdd(x2, b0, c20);
            }

            if (TRows.Rows > 3)
            {
                var x3 = Vector512.Create(a3[i]);
                c30 = Avx512F.FusedMultiplyAdd(x3, b0, c30);
            }

            if (TRows.Rows > 4)
            {
                var x4 = Vector512.Create(a4[i]);
                c40 = Avx512F.FusedMultiplyAdd(x4, b0, c40);
            }

            if (TRows.Rows > 5)
            {
                var x5 = Vector512.Create(a5[i]);
                c50 = Avx512F.FusedMultiplyAdd(x5, b0, c50);
            }

            if (TRows.Rows > 6)
            {
                var x6 = Vector512.Create(a6[i]);
                c60 = Avx512F.FusedMultiplyAdd(x6, b0, c60);
            }

            if (TRows.Rows > 7)
            {
                var x7 = Vector512.Create(a7[i]);
                c70 = Avx512F.FusedMultiplyAdd(x7, b0, c70);
            }

            b += 16;
        }

        Store(c, c00, accumulate);

        if (TRows.Rows > 1)
        {
            Store(c + ldc, c10, accumulate);
        }

        if (TRows.Rows > 2)
        {
            Store(c + (2 * ldc), c20, accumulate);
        }

        if (TRows.Rows > 3)
        {
            Store(c + (3 * ldc), c30, accumulate);
        }

        if (TRows.Rows > 4)
        {
            Store(c + (4 * ldc), c40, accumulate);
        }

        if (TRows.Rows > 5)
        {
            Store(c + (5 * ldc), c50, accumulate);
        }

        if (TRows.Rows > 6)
        {
            Store(c + (6 * ldc), c60, accumulate);
        }

        if (TRows.Rows > 7)
        {
            Store(c + (7 * ldc), c70, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> v0, bool accumulate)
    {
        if (accumulate)
        {
            v0 += Vector512.Load(c);
        }

        v0.Store(c);
    }
}
