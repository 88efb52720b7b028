using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The tile of <see cref="Gemm"/> for AVX2 with FMA: up to 6 rows by one panel of 16 columns. 12 accumulators, two
/// vectors of B and one broadcast of A fill 15 of the 16 registers; 12 multiply-adds hide the 8 loads of a step.
/// </summary>
internal static unsafe class GemmTile256
{
    /// <summary>Rows of a full tile.</summary>
    public const int MaxRows = 6;

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
        Vector256<float> c00, c01;
        Vector256<float> c10, c11;
        Vector256<float> c20, c21;
        Vector256<float> c30, c31;
        Vector256<float> c40, c41;
        Vector256<float> c50, c51;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = Vector256<float>.Zero;
        var a1 = a + lda;
        var a2 = a1 + lda;
        var a3 = a2 + lda;
        var a4 = a3 + lda;
        var a5 = a4 + lda;
        for (nint i = 0; i < k; i++)
        {
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x0 = Vector256.Create(a[i]);
            c00 = Fma.MultiplyAdd(x0, b0, c00);
            c01 = Fma.MultiplyAdd(x0, b1, c01);

            if (TRows.Rows > 1)
            {
                var x1 = Vector256.Create(a1[i]);
                c10 = Fma.MultiplyAdd(x1, b0, c10);
                c11 = Fma.MultiplyAdd(x1, b1, c11);
            }

            if (TRows.Rows > 2)
            {
                var x2 = Vector256.Create(a2[i]);
                c20 = Fma.MultiplyAdd(x2, b0, c20);
                c21 = Fma.MultiplyAdd(x2, b1, c21);
            }

            if (TRows.Rows > 3)
            {
                var x3 = Vector256.Create(a3[i]);
                c30 = Fma.MultiplyAdd(x3, b0, c30);
                c31 = Fma.MultiplyAdd(x3, b1, c31);
            }

            if (TRows.Rows > 4)
            {
                var x4 = Vector256.Create(a4[i]);
                c40 = Fma.MultiplyAdd(x4, b0, c40);
                c41 = Fma.MultiplyAdd(x4, b1, c41);
            }

            if (TRows.Rows > 5)
            {
                var x5 = Vector256.Create(a5[i]);
                c50 = Fma.MultiplyAdd(x5, b0, c50);
                c51 = Fma.MultiplyAdd(x5, b1, c51);
            }

            b += 16;
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
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> v0, Vector256<float> v1, bool accumulate)
    {
        if (accumulate)
        {
            v0 += Vector256.Load(c);
            v1 += Vector256.Load(c + 8);
        }

        v0.Store(c);
        v1.Store(c + 8);
    }
}
