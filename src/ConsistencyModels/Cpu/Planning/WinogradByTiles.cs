using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

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
