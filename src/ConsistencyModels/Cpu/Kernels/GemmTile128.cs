using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The tile of <see cref="Gemm"/> for 128-bit vectors (Arm64, old x64, none at all): up to 4 rows by one panel of 16
/// columns. 16 accumulators and 4 vectors of B fit Arm64's 32 registers.
/// </summary>
internal static unsafe class GemmTile128
{
    /// <summary>Rows of a full tile.</summary>
    public const int MaxRows = 4;

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
        Vector128<float> c00, c01, c02, c03;
        Vector128<float> c10, c11, c12, c13;
        Vector128<float> c20, c21, c22, c23;
        Vector128<float> c30, c31, c32, c33;
        c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = Vector128<float>.Zero;
        var a1 = a + lda;
        var a2 = a1 + lda;
        var a3 = a2 + lda;
        for (nint i = 0; i < k; i++)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var b2 = Vector128.Load(b + 8);
            var b3 = Vector128.Load(b + 12);
            var x0 = Vector128.Create(a[i]);
            c00 = Vector128.MultiplyAddEstimate(x0, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x0, b1, c01);
            c02 = Vector128.MultiplyAddEstimate(x0, b2, c02);
            c03 = Vector128.MultiplyAddEstimate(x0, b3, c03);

            if (TRows.Rows > 1)
            {
                var x1 = Vector128.Create(a1[i]);
                c10 = Vector128.MultiplyAddEstimate(x1, b0, c10);
                c11 = Vector128.MultiplyAddEstimate(x1, b1, c11);
                c12 = Vector128.MultiplyAddEstimate(x1, b2, c12);
                c13 = Vector128.MultiplyAddEstimate(x1, b3, c13);
            }

            if (TRows.Rows > 2)
            {
                var x2 = Vector128.Create(a2[i]);
                c20 = Vector128.MultiplyAddEstimate(x2, b0, c20);
                c21 = Vector128.MultiplyAddEstimate(x2, b1, c21);
                c22 = Vector128.MultiplyAddEstimate(x2, b2, c22);
                c23 = Vector128.MultiplyAddEstimate(x2, b3, c23);
            }

            if (TRows.Rows > 3)
            {
                var x3 = Vector128.Create(a3[i]);
                c30 = Vector128.MultiplyAddEstimate(x3, b0, c30);
                c31 = Vector128.MultiplyAddEstimate(x3, b1, c31);
                c32 = Vector128.MultiplyAddEstimate(x3, b2, c32);
                c33 = Vector128.MultiplyAddEstimate(x3, b3, c33);
            }

            b += 16;
        }

        Store(c, c00, c01, c02, c03, accumulate);

        if (TRows.Rows > 1)
        {
            Store(c + ldc, c10, c11, c12, c13, accumulate);
        }

        if (TRows.Rows > 2)
        {
            Store(c + (2 * ldc), c20, c21, c22, c23, accumulate);
        }

        if (TRows.Rows > 3)
        {
            Store(c + (3 * ldc), c30, c31, c32, c33, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector128<float> v0, Vector128<float> v1, Vector128<float> v2, Vector128<float> v3, bool accumulate)
    {
        if (accumulate)
        {
            v0 += Vector128.Load(c);
            v1 += Vector128.Load(c + 4);
            v2 += Vector128.Load(c + 8);
            v3 += Vector128.Load(c + 12);
        }

        v0.Store(c);
        v1.Store(c + 4);
        v2.Store(c + 8);
        v3.Store(c + 12);
    }
}
