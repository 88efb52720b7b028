using ConsistencyModels.Cpu.Kernels;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>How a Winograd convolution is cut in chunks. It has no influence on any result.</summary>
/// <param name="ByTiles">By tiles, or by output channels.</param>
/// <param name="Tiles">Tiles of a chunk.</param>
/// <param name="Panels">Panels of output channels whose products are kept at once.</param>
internal readonly record struct WinogradCut(bool ByTiles, int Tiles, int Panels)
{
    // What a thread has between the parts should stay in its second-level cache, 1 MB on servers of today.
    private const long InputBytes = 512 << 10;
    private const long ProductBytes = 384 << 10;

    // Fewer tiles use a weight too seldom for the time it takes to read it from memory, more do not fit.
    private const int FewestTiles = 32;
    private const int MostTiles = 48;

    // Rows of the largest matrix tile.
    private const int Rows = 8;

    // Weights that all threads may read from the third-level cache.
    private const long SmallWeights = 8 << 20;

    // The inputs of all products at once.
    private const long MostInputBytes = 16 << 20;

    // As many chunks as keep threads busy to the end though one may be slower.
    private const int ChunksOfThread = 4;

    /// <summary>Chooses.</summary>
    /// <param name="planes">Products.</param>
    /// <param name="tiles">Tiles of the batch.</param>
    /// <param name="depth">Input channels in memory.</param>
    /// <param name="panels">Panels of output channels.</param>
    /// <param name="threads">Threads.</param>
    public static WinogradCut Choose(int planes, int tiles, int depth, int panels, int threads)
    {
        var weights = (long)planes * depth * panels * Gemm.PanelWidth * sizeof(float);
        var inputsOfTile = (long)planes * depth * sizeof(float);
        var byTiles = inputsOfTile * tiles > MostInputBytes || (weights <= SmallWeights && tiles >= 2 * Rows * threads);
        long ofChunk = tiles;
        if (byTiles)
        {
            var fitting = Math.Clamp(InputBytes / inputsOfTile, FewestTiles, MostTiles);
            ofChunk = Math.Max(Rows, Math.Min(fitting, tiles / (ChunksOfThread * threads)) / Rows * Rows);
        }

        // Panels in pairs: the widest matrix tile takes two.
        var atOnce = ProductBytes / (planes * ofChunk * Gemm.PanelWidth * sizeof(float)) / 2 * 2;
        if (!byTiles)
        {
            atOnce = Math.Min(atOnce, panels / (ChunksOfThread * threads) / 2 * 2);
        }

        return new WinogradCut(byTiles, (int)ofChunk, (int)Math.Min(panels, Math.Max(2, atOnce)));
    }
}
