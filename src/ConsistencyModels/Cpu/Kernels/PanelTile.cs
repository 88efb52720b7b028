using System.Runtime.CompilerServices;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The tiles of <see cref="PanelGemm"/>: with vectors of 512 bits 8 rows by two panels, with narrower ones 4 rows by two vectors, which fit
/// 16 registers. Rows of C are 16 floats apart.
/// </summary>
internal static unsafe class PanelTile<T>
    where T : unmanaged, IFloats<T>
{
    private const int Width = Gemm.PanelWidth;

    /// <summary>Whether a vector fills a panel, so that two vectors are of two panels.</summary>
    public static bool IsPair => T.Count == Width;

    /// <summary>Rows of a tile.</summary>
    public static int Rows => IsPair ? 8 : 4;

    /// <summary>Rows of A are 16 apart, and its depth runs inside a row and from panel to panel.</summary>
    /// <typeparam name="TVectors">One vector of B and C, or two.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Along<TVectors>(float* a, nint aPanel, float* b, nint bNext, float* c, nint cNext, nint blocks, bool accumulate)
        where TVectors : struct, IRowCount
    {
        var two = TVectors.Rows == 2;
        T c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = T.Create(0);
        var q = b + bNext;
        for (nint block = 0; block < blocks; block++)
        {
            for (nint i = 0; i < Width; i++)
            {
                var b0 = T.Load(b);
                var b1 = two ? T.Load(q) : b0;
                var x0 = T.Create(a[i]);
                c00 = T.MultiplyAdd(x0, b0, c00);
                if (two)
                {
                    c01 = T.MultiplyAdd(x0, b1, c01);
                }

                var x1 = T.Create(a[i + 16]);
                c10 = T.MultiplyAdd(x1, b0, c10);
                if (two)
                {
                    c11 = T.MultiplyAdd(x1, b1, c11);
                }

                var x2 = T.Create(a[i + 32]);
                c20 = T.MultiplyAdd(x2, b0, c20);
                if (two)
                {
                    c21 = T.MultiplyAdd(x2, b1, c21);
                }

                var x3 = T.Create(a[i + 48]);
                c30 = T.MultiplyAdd(x3, b0, c30);
                if (two)
                {
                    c31 = T.MultiplyAdd(x3, b1, c31);
                }
                if (IsPair)
                {
                    var x4 = T.Create(a[i + 64]);
                    c40 = T.MultiplyAdd(x4, b0, c40);
                    if (two)
                    {
                        c41 = T.MultiplyAdd(x4, b1, c41);
                    }

                    var x5 = T.Create(a[i + 80]);
                    c50 = T.MultiplyAdd(x5, b0, c50);
                    if (two)
                    {
                        c51 = T.MultiplyAdd(x5, b1, c51);
                    }

                    var x6 = T.Create(a[i + 96]);
                    c60 = T.MultiplyAdd(x6, b0, c60);
                    if (two)
                    {
                        c61 = T.MultiplyAdd(x6, b1, c61);
                    }

                    var x7 = T.Create(a[i + 112]);
                    c70 = T.MultiplyAdd(x7, b0, c70);
                    if (two)
                    {
                        c71 = T.MultiplyAdd(x7, b1, c71);
                    }
                }

                b += Width;
                q += Width;
            }

            a += aPanel;
        }

        Store(two, c, cNext, c00, c01, c10, c11, c20, c21, c30, c31, accumulate);
        if (IsPair)
        {
            Store(two, c + (4 * Width), cNext, c40, c41, c50, c51, c60, c61, c70, c71, accumulate);
        }
    }

    /// <summary>Rows of Aᵀ are neighbours, and its depth is <paramref name="aRow"/> apart.</summary>
    /// <typeparam name="TVectors">One vector of B and C, or two.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Down<TVectors>(float* a, nint aRow, float* b, nint bNext, nint bRow, float* c, nint cNext, nint count, bool accumulate)
        where TVectors : struct, IRowCount
    {
        var two = TVectors.Rows == 2;
        T c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51, c60, c61, c70, c71;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = c60 = c61 = c70 = c71 = T.Create(0);
        var q = b + bNext;
        for (nint i = 0; i < count; i++)
        {
            var b0 = T.Load(b);
            var b1 = two ? T.Load(q) : b0;
            var x0 = T.Create(a[0]);
            c00 = T.MultiplyAdd(x0, b0, c00);
            if (two)
            {
                c01 = T.MultiplyAdd(x0, b1, c01);
            }

            var x1 = T.Create(a[1]);
            c10 = T.MultiplyAdd(x1, b0, c10);
            if (two)
            {
                c11 = T.MultiplyAdd(x1, b1, c11);
            }

            var x2 = T.Create(a[2]);
            c20 = T.MultiplyAdd(x2, b0, c20);
            if (two)
            {
                c21 = T.MultiplyAdd(x2, b1, c21);
            }

            var x3 = T.Create(a[3]);
            c30 = T.MultiplyAdd(x3, b0, c30);
            if (two)
            {
                c31 = T.MultiplyAdd(x3, b1, c31);
            }
            if (IsPair)
            {
                var x4 = T.Create(a[4]);
                c40 = T.MultiplyAdd(x4, b0, c40);
                if (two)
                {
                    c41 = T.MultiplyAdd(x4, b1, c41);
                }

                var x5 = T.Create(a[5]);
                c50 = T.MultiplyAdd(x5, b0, c50);
                if (two)
                {
                    c51 = T.MultiplyAdd(x5, b1, c51);
                }

                var x6 = T.Create(a[6]);
                c60 = T.MultiplyAdd(x6, b0, c60);
                if (two)
                {
                    c61 = T.MultiplyAdd(x6, b1, c61);
                }

                var x7 = T.Create(a[7]);
                c70 = T.MultiplyAdd(x7, b0, c70);
                if (two)
                {
                    c71 = T.MultiplyAdd(x7, b1, c71);
                }
            }

            a += aRow;
            b += bRow;
            q += bRow;
        }

        Store(two, c, cNext, c00, c01, c10, c11, c20, c21, c30, c31, accumulate);
        if (IsPair)
        {
            Store(two, c + (4 * Width), cNext, c40, c41, c50, c51, c60, c61, c70, c71, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(bool two, float* c, nint next, T c00, T c01, T c10, T c11, T c20, T c21, T c30, T c31, bool accumulate)
    {
        Store(c, c00, accumulate);
        Store(c + Width, c10, accumulate);
        Store(c + (2 * Width), c20, accumulate);
        Store(c + (3 * Width), c30, accumulate);
        if (two)
        {
            Store(c + next, c01, accumulate);
            Store(c + next + Width, c11, accumulate);
            Store(c + next + (2 * Width), c21, accumulate);
            Store(c + next + (3 * Width), c31, accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, T value, bool accumulate) => T.Store(accumulate ? value + T.Load(c) : value, c);
}
