using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;

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

/// <summary>
/// A Winograd convolution whose chunks are tiles: a thread takes some tiles all the way, and what lies between the parts stays in its
/// second-level cache. Every chunk reads all weights, so this is for weights that are small or tiles that are many.
/// </summary>
internal sealed unsafe class WinogradByTiles<TTile> : Step
    where TTile : struct, IWinogradTile
{
    private readonly WinogradLayer<TTile> _layer;
    private readonly int _tilesOfChunk;
    private readonly int _panelsAtOnce;
    private readonly nint _inputPlane;
    private readonly long _inputFloats;

    /// <summary>Plans the step.</summary>
    public WinogradByTiles(WinogradLayer<TTile> layer, WinogradCut cut)
    {
        _layer = layer;
        (_tilesOfChunk, _panelsAtOnce) = (cut.Tiles, cut.Panels);
        _inputPlane = WinogradLayer<TTile>.PlaneStride(_tilesOfChunk, layer.Spec.Input.Stride);
        _inputFloats = layer.Planes * (long)_inputPlane;
        ScratchFloats = _inputFloats + (layer.Planes * (long)WinogradLayer<TTile>.PlaneStride(_tilesOfChunk, _panelsAtOnce * Gemm.PanelWidth));
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => _layer.Slots;

    /// <inheritdoc/>
    public override long ScratchFloats { get; }

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        _layer.Begin(call);
        call.For(this, 0, Chunks.Count(_layer.Tiles, _tilesOfChunk));
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var first = chunk * _tilesOfChunk;
        var count = Math.Min(_tilesOfChunk, _layer.Tiles - first);
        var scratch = call.Scratch(slot);
        _layer.Inputs(call, first, count, scratch, _inputPlane);
        _layer.Outputs(call, scratch, _inputPlane, first, count, 0, _layer.Panels, _panelsAtOnce, scratch + _inputFloats);
    }
}

/// <summary>
/// A Winograd convolution in two phases: the inputs of all products, then chunks of output channels, which are multiplied and
/// transformed by the same thread. Every weight is read once, so this is for large weights used by few tiles.
/// </summary>
internal sealed unsafe class WinogradByChannels<TTile> : Step
    where TTile : struct, IWinogradTile
{
    private readonly WinogradLayer<TTile> _layer;
    private readonly int _tilesOfChunk;
    private readonly int _panelsOfChunk;
    private readonly nint _inputPlane;
    private readonly ArenaSlot _inputs;

    /// <summary>Plans the step.</summary>
    public WinogradByChannels(WinogradLayer<TTile> layer, WinogradCut cut)
    {
        _layer = layer;
        _tilesOfChunk = Chunks.ByBytes(4.0 * layer.Planes * layer.Spec.Input.Stride, layer.Tiles);
        _panelsOfChunk = cut.Panels;
        _inputPlane = WinogradLayer<TTile>.PlaneStride(layer.Tiles, layer.Spec.Input.Stride);
        ScratchFloats = layer.Planes * (long)WinogradLayer<TTile>.PlaneStride(layer.Tiles, _panelsOfChunk * Gemm.PanelWidth);
        _inputs = new ArenaSlot(layer.Planes * (long)_inputPlane);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [.. _layer.Slots, _inputs];

    /// <inheritdoc/>
    public override long ScratchFloats { get; }

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        _layer.Begin(call);
        call.For(this, 0, Chunks.Count(_layer.Tiles, _tilesOfChunk));
        call.For(this, 1, Chunks.Count(_layer.Panels, _panelsOfChunk));
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        if (phase == 0)
        {
            var first = chunk * _tilesOfChunk;
            _layer.Inputs(
                call, first, Math.Min(_tilesOfChunk, _layer.Tiles - first),
                call.At(_inputs) + ((nint)first * _layer.Spec.Input.Stride), _inputPlane);
        }
        else
        {
            var first = chunk * _panelsOfChunk;
            _layer.Outputs(
                call, call.At(_inputs), _inputPlane, 0, _layer.Tiles, first, Math.Min(_panelsOfChunk, _layer.Panels - first), _panelsOfChunk,
                call.Scratch(slot));
        }
    }
}
