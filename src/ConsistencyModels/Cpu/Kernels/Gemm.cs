using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cpu.Kernels;

/// <summary>
/// Matrix product with a packed right side. B lies in panels of 16 columns, each k rows of 16 floats one after another,
/// so the innermost loop reads it in order whatever the instruction set; A and C are row-major.
/// </summary>
/// <remarks>
/// Depth is cut in blocks of <see cref="DepthBlock"/>: a panel's block (16 KB) stays in the first-level cache while the rows
/// of A (from the second level) pass it. Every element is summed in the order of k within a block and then block by block.
/// That order depends neither on which rows or panels are computed together nor on the tile, so results do not depend on
/// batch size or threads; and the AVX2 and AVX-512 tiles give the same bits.
/// </remarks>
internal static unsafe class Gemm
{
    /// <summary>Columns of a panel.</summary>
    public const int PanelWidth = 16;

    /// <summary>Depth summed in registers before C is touched.</summary>
    public const int DepthBlock = 256;

    /// <summary>Which tiles this process uses.</summary>
    public static string InstructionSet => Avx512F.IsSupported ? "512" : Fma.IsSupported && Avx2.IsSupported ? "256" : "128";

    /// <summary>C[rows x 16·panels] (+)= A[rows x k]·B.</summary>
    /// <param name="a">Row-major.</param>
    /// <param name="lda">Distance of A's rows in floats.</param>
    /// <param name="b">The first panel.</param>
    /// <param name="panelStride">Distance of panels in floats.</param>
    /// <param name="c">Row-major.</param>
    /// <param name="ldc">Distance of C's rows in floats.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="k">Depth.</param>
    /// <param name="panels">Panels of B.</param>
    /// <param name="accumulate">Add to what C holds; else C is overwritten.</param>
    public static void Multiply(
        float* a, nint lda, float* b, nint panelStride, float* c, nint ldc, int rows, int k, int panels, bool accumulate)
    {
        for (var panel = 0; panel < panels;)
        {
            var width = Avx512F.IsSupported && panel + 1 < panels ? 2 : 1;
            for (var depth = 0; depth < k; depth += DepthBlock)
            {
                Block(
                    a + depth, lda, b + (panel * panelStride) + (depth * PanelWidth), panelStride, c + (panel * PanelWidth), ldc,
                    rows, Math.Min(DepthBlock, k - depth), width, accumulate || depth > 0);
            }

            panel += width;
        }
    }

    /// <summary>As the other, with B in half precision: a panel's block is widened once and serves all rows.</summary>
    [SkipLocalsInit]
    public static void Multiply(
        float* a, nint lda, Half* b, nint panelStride, float* c, nint ldc, int rows, int k, int panels, bool accumulate)
    {
        const int Block1 = DepthBlock * PanelWidth;
        var wide = stackalloc float[2 * Block1];
        for (var panel = 0; panel < panels;)
        {
            var width = Avx512F.IsSupported && panel + 1 < panels ? 2 : 1;
            for (var depth = 0; depth < k; depth += DepthBlock)
            {
                var size = Math.Min(DepthBlock, k - depth);
                for (var i = 0; i < width; i++)
                {
                    var narrow = b + ((panel + i) * panelStride) + (depth * PanelWidth);
                    TensorPrimitives.ConvertToSingle(
                        new ReadOnlySpan<Half>(narrow, size * PanelWidth), new Span<float>(wide + (i * Block1), size * PanelWidth));
                }

                Block(a + depth, lda, wide, Block1, c + (panel * PanelWidth), ldc, rows, size, width, accumulate || depth > 0);
            }

            panel += width;
        }
    }

    private static void Block(
        float* a, nint lda, float* b, nint panelStride, float* c, nint ldc, int rows, int k, int width, bool accumulate)
    {
        if (Avx512F.IsSupported)
        {
            if (width == 2)
            {
                Rows512(a, lda, b, panelStride, c, ldc, rows, k, accumulate);
            }
            else
            {
                Rows512Single(a, lda, b, c, ldc, rows, k, accumulate);
            }
        }
        else if (Fma.IsSupported && Avx2.IsSupported)
        {
            Rows256(a, lda, b, c, ldc, rows, k, accumulate);
        }
        else
        {
            Rows128(a, lda, b, c, ldc, rows, k, accumulate);
        }
    }

    private static void Rows512(float* a, nint lda, float* b, nint panelStride, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        for (; rows >= GemmTile512.MaxRows; rows -= GemmTile512.MaxRows)
        {
            GemmTile512.Tile<Rows8>(a, lda, b, panelStride, c, ldc, k, accumulate);
            a += GemmTile512.MaxRows * lda;
            c += GemmTile512.MaxRows * ldc;
        }

        switch (rows)
        {
            case 1: GemmTile512.Tile<Rows1>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 2: GemmTile512.Tile<Rows2>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 3: GemmTile512.Tile<Rows3>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 4: GemmTile512.Tile<Rows4>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 5: GemmTile512.Tile<Rows5>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 6: GemmTile512.Tile<Rows6>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
            case 7: GemmTile512.Tile<Rows7>(a, lda, b, panelStride, c, ldc, k, accumulate); break;
        }
    }

    private static void Rows512Single(float* a, nint lda, float* b, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        for (; rows >= GemmTile512Single.MaxRows; rows -= GemmTile512Single.MaxRows)
        {
            GemmTile512Single.Tile<Rows8>(a, lda, b, c, ldc, k, accumulate);
            a += GemmTile512Single.MaxRows * lda;
            c += GemmTile512Single.MaxRows * ldc;
        }

        switch (rows)
        {
            case 1: GemmTile512Single.Tile<Rows1>(a, lda, b, c, ldc, k, accumulate); break;
            case 2: GemmTile512Single.Tile<Rows2>(a, lda, b, c, ldc, k, accumulate); break;
            case 3: GemmTile512Single.Tile<Rows3>(a, lda, b, c, ldc, k, accumulate); break;
            case 4: GemmTile512Single.Tile<Rows4>(a, lda, b, c, ldc, k, accumulate); break;
            case 5: GemmTile512Single.Tile<Rows5>(a, lda, b, c, ldc, k, accumulate); break;
            case 6: GemmTile512Single.Tile<Rows6>(a, lda, b, c, ldc, k, accumulate); break;
            case 7: GemmTile512Single.Tile<Rows7>(a, lda, b, c, ldc, k, accumulate); break;
        }
    }

    private static void Rows256(float* a, nint lda, float* b, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        for (; rows >= GemmTile256.MaxRows; rows -= GemmTile256.MaxRows)
        {
            GemmTile256.Tile<Rows6>(a, lda, b, c, ldc, k, accumulate);
            a += GemmTile256.MaxRows * lda;
            c += GemmTile256.MaxRows * ldc;
        }

        switch (rows)
        {
            case 1: GemmTile256.Tile<Rows1>(a, lda, b, c, ldc, k, accumulate); break;
            case 2: GemmTile256.Tile<Rows2>(a, lda, b, c, ldc, k, accumulate); break;
            case 3: GemmTile256.Tile<Rows3>(a, lda, b, c, ldc, k, accumulate); break;
            case 4: GemmTile256.Tile<Rows4>(a, lda, b, c, ldc, k, accumulate); break;
            case 5: GemmTile256.Tile<Rows5>(a, lda, b, c, ldc, k, accumulate); break;
        }
    }

    private static void Rows128(float* a, nint lda, float* b, float* c, nint ldc, int rows, int k, bool accumulate)
    {
        for (; rows >= GemmTile128.MaxRows; rows -= GemmTile128.MaxRows)
        {
            GemmTile128.Tile<Rows4>(a, lda, b, c, ldc, k, accumulate);
            a += GemmTile128.MaxRows * lda;
            c += GemmTile128.MaxRows * ldc;
        }

        switch (rows)
        {
            case 1: GemmTile128.Tile<Rows1>(a, lda, b, c, ldc, k, accumulate); break;
            case 2: GemmTile128.Tile<Rows2>(a, lda, b, c, ldc, k, accumulate); break;
            case 3: GemmTile128.Tile<Rows3>(a, lda, b, c, ldc, k, accumulate); break;
        }
    }
}
