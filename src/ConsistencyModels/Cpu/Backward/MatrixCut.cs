using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>How the sums of a matrix's gradient B' = Aᵀ·C' are cut. It depends on the layer's shape alone, so that no sum depends on threads.</summary>
/// <param name="Parts">Parts of the rows, each with sums of its own.</param>
/// <param name="Depths">Chunks of A's columns in a block of B'.</param>
/// <param name="Panels">Panels of C' in a block of B'.</param>
internal readonly record struct MatrixCut(int Parts, int Depths, int Panels)
{
    // A block of B' stays in the second-level cache beside some rows of A and C'.
    private const int BlockFloats = 64 << 10;

    // Columns of A that make a block of B' worth the copies of both sides.
    private const int WideDepth = 256;

    // Chunks enough for threads to end together, and rows enough for a part to be worth a sum of its own.
    private const int LeastChunks = 16;
    private const int LeastRows = 256;

    /// <summary>Chooses.</summary>
    /// <param name="rows">Rows of A and C'.</param>
    /// <param name="depth">Columns of A in memory.</param>
    /// <param name="depths">Chunks of them.</param>
    /// <param name="panels">Panels of C'.</param>
    public static MatrixCut Choose(int rows, int depth, int depths, int panels)
    {
        var ofBlock = Math.Clamp(BlockFloats / (Math.Min(depth, WideDepth) * Gemm.PanelWidth) / 2 * 2, 2, Math.Max(2, panels));
        var depthsOfBlock = Math.Clamp(BlockFloats / (ofBlock * Gemm.PanelWidth) * depths / Math.Max(1, depth), 1, depths);
        var blocks = Chunks.Count(panels, ofBlock) * Chunks.Count(depths, depthsOfBlock);
        return new(Math.Clamp(Chunks.Count(LeastChunks, blocks), 1, Math.Max(1, rows / LeastRows)), depthsOfBlock, ofBlock);
    }
}
