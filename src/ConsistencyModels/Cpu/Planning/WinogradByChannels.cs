using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

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
