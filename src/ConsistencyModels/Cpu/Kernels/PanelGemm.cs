using System.Runtime.Intrinsics;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// The products of a backward pass. Matrices lie in panels of 16 channels, [panel][row][16]: one order in which a matrix may be the left
/// side, the transposed left side, the right side and the result, and in which no power of two of channels makes rows compete for
/// the same lines of a cache. <see cref="Transposed"/> takes row-major matrices as well.
/// </summary>
/// <remarks>Every element is summed in the order of the depth, in blocks of <see cref="Gemm.DepthBlock"/>.</remarks>
internal static unsafe class PanelGemm
{
    private const int Width = Gemm.PanelWidth;

    /// <summary>Rows are computed in groups of so many, beyond the last one if need be: there must be memory for them.</summary>
    public const int RowGroup = 8;

    /// <summary>Rows rounded up to whole groups.</summary>
    public static int Rows(int rows) => (rows + RowGroup - 1) / RowGroup * RowGroup;

    /// <summary>C = A·B. A's depth runs through its panels.</summary>
    /// <param name="a">First panel of the left side.</param>
    /// <param name="aPanel">Distance of its panels.</param>
    /// <param name="b">First panel of the right side, a row for each channel of A.</param>
    /// <param name="bPanel">Distance of its panels.</param>
    /// <param name="c">First panel of the result.</param>
    /// <param name="cPanel">Distance of its panels.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="k">Depth, a multiple of 16.</param>
    /// <param name="panels">Panels of B and C.</param>
    public static void Multiply(float* a, nint aPanel, float* b, nint bPanel, float* c, nint cPanel, int rows, int k, int panels)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Multiply<Floats512>(a, aPanel, b, bPanel, c, cPanel, rows, k, panels);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Multiply<Floats256>(a, aPanel, b, bPanel, c, cPanel, rows, k, panels);
        }
        else
        {
            Multiply<Floats128>(a, aPanel, b, bPanel, c, cPanel, rows, k, panels);
        }
    }

    /// <summary>C (+)= Aᵀ·B: the depth walks down the rows of both.</summary>
    /// <param name="a">The left side: blocks of 16 columns.</param>
    /// <param name="b">The right side: panels.</param>
    /// <param name="c">The result: for each panel of B, and each block of 16 of A's columns, 16 rows of 16.</param>
    /// <param name="m">Columns of A, rows of C: a multiple of 16.</param>
    /// <param name="depth">Rows of A and B.</param>
    /// <param name="panels">Panels of B.</param>
    /// <param name="accumulate">Add to what C holds.</param>
    public static void Transposed(PanelMatrix a, PanelMatrix b, ProductPanels c, int m, int depth, int panels, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Transposed<Floats512>(a, b, c, m, depth, panels, accumulate);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Transposed<Floats256>(a, b, c, m, depth, panels, accumulate);
        }
        else
        {
            Transposed<Floats128>(a, b, c, m, depth, panels, accumulate);
        }
    }

    private static void Multiply<T>(float* a, nint aPanel, float* b, nint bPanel, float* c, nint cPanel, int rows, int k, int panels)
        where T : unmanaged, IFloats<T>
    {
        var pair = PanelTile<T>.IsPair;
        for (var panel = 0; panel < panels;)
        {
            var two = pair && panel + 1 < panels;
            for (var depth = 0; depth < k; depth += Gemm.DepthBlock)
            {
                var blocks = Math.Min(Gemm.DepthBlock, k - depth) / Width;
                var pa = a + (depth / Width * aPanel);
                for (var part = 0; part < (pair ? 1 : Width / (2 * T.Count)); part++)
                {
                    var column = part * 2 * T.Count;
                    var pb = b + (panel * bPanel) + (depth * Width) + column;
                    var pc = c + (panel * cPanel) + column;
                    for (var row = 0; row < rows; row += PanelTile<T>.Rows)
                    {
                        if (two)
                        {
                            PanelTile<T>.Along<Rows2>(pa + (row * Width), aPanel, pb, bPanel, pc + (row * Width), cPanel, blocks, depth > 0);
                        }
                        else if (pair)
                        {
                            PanelTile<T>.Along<Rows1>(pa + (row * Width), aPanel, pb, 0, pc + (row * Width), 0, blocks, depth > 0);
                        }
                        else
                        {
                            PanelTile<T>.Along<Rows2>(pa + (row * Width), aPanel, pb, T.Count, pc + (row * Width), T.Count, blocks, depth > 0);
                        }
                    }
                }
            }

            panel += two ? 2 : 1;
        }
    }

    private static void Transposed<T>(PanelMatrix a, PanelMatrix b, ProductPanels c, int m, int depth, int panels, bool accumulate)
        where T : unmanaged, IFloats<T>
    {
        var pair = PanelTile<T>.IsPair;
        for (var panel = 0; panel < panels;)
        {
            var two = pair && panel + 1 < panels;
            for (var d = 0; d < depth; d += Gemm.DepthBlock)
            {
                var count = Math.Min(Gemm.DepthBlock, depth - d);
                var add = accumulate || d > 0;
                for (var part = 0; part < (pair ? 1 : Width / (2 * T.Count)); part++)
                {
                    var column = part * 2 * T.Count;
                    var pb = b.Start + (panel * b.Panel) + (d * b.Row) + column;
                    var pc = c.Start + (panel * c.Panel) + column;
                    for (var row = 0; row < m; row += PanelTile<T>.Rows)
                    {
                        var pa = a.Start + (row / Width * a.Panel) + (row % Width) + (d * a.Row);
                        var to = pc + (row / Width * c.Block) + (row % Width * Width);
                        if (two)
                        {
                            PanelTile<T>.Down<Rows2>(pa, a.Row, pb, b.Panel, b.Row, to, c.Panel, count, add);
                        }
                        else if (pair)
                        {
                            PanelTile<T>.Down<Rows1>(pa, a.Row, pb, 0, b.Row, to, 0, count, add);
                        }
                        else
                        {
                            PanelTile<T>.Down<Rows2>(pa, a.Row, pb, T.Count, b.Row, to, T.Count, count, add);
                        }
                    }
                }
            }

            panel += two ? 2 : 1;
        }
    }
}

/// <summary>A matrix in panels of 16 columns. In row-major order panels are 16 floats apart, and rows as many as there are columns.</summary>
internal readonly unsafe struct PanelMatrix(float* start, nint panel, nint row)
{
    /// <summary>First row of the first panel.</summary>
    public float* Start => start;

    /// <summary>Distance of panels.</summary>
    public nint Panel => panel;

    /// <summary>Distance of rows.</summary>
    public nint Row => row;
}

/// <summary>A result in panels of 16 columns, whose rows, 16 apart, lie in blocks of 16.</summary>
internal readonly unsafe struct ProductPanels(float* start, nint panel, nint block)
{
    /// <summary>First row of the first panel.</summary>
    public float* Start => start;

    /// <summary>Distance of panels.</summary>
    public nint Panel => panel;

    /// <summary>Distance of a panel's blocks of 16 rows.</summary>
    public nint Block => block;
}
