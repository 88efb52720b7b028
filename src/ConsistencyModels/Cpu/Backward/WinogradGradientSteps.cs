using System.Runtime.Intrinsics;
using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>Plans the way back through 3x3 convolutions.</summary>
internal static class WinogradGradientStep
{
    // A product's sums of more weights than this are larger than what a thread can keep in its cache while tiles pass.
    private const long MostWeights = 128 * 128;

    // Fewer images than this make too few parts.
    private const int FewestImages = 4;

    /// <summary>The step for a convolution. How it is cut depends on its shape alone, so that sums do not depend on threads.</summary>
    public static Step Plan(ConvolutionGradientSpec spec) =>
        Vector512.IsHardwareAccelerated ? Plan<Floats512>(spec)
        : Vector256.IsHardwareAccelerated ? Plan<Floats256>(spec)
        : Plan<Floats128>(spec);

    private static Step Plan<T>(ConvolutionGradientSpec spec)
        where T : unmanaged, IFloats<T> =>
        spec.Convolution.Weights.OutputSize == 4 ? PlanTiles<WinogradF4<T>>(spec) : PlanTiles<WinogradF2<T>>(spec);

    private static Step PlanTiles<TTile>(ConvolutionGradientSpec spec)
        where TTile : struct, IWinogradTile
    {
        var layer = new WinogradGradient<TTile>(spec);
        return (long)spec.Input.Stride * spec.Gradient.Stride > MostWeights || spec.Gradient.Batch < FewestImages
            ? new WinogradGradientByPlanes<TTile>(layer)
            : new WinogradGradientByTiles<TTile>(layer);
    }
}

/// <summary>
/// A fixed number of parts of the batch, each a chunk: some tiles at a time go all the way in the thread's own scratch memory, and each part
/// has sums of the weights' gradients of its own. For weights that are small.
/// </summary>
internal sealed unsafe class WinogradGradientByTiles<TTile> : Step
    where TTile : struct, IWinogradTile
{
    private const int MostParts = 8;
    private const long SumBytes = 10 << 20;
    private const int LeastTiles = 16;
    private const int MostTiles = 64;
    private const long TileBytes = 768 << 10;

    private readonly WinogradGradient<TTile> _layer;
    private readonly int _parts;
    private readonly int _tiles;
    private readonly ArenaSlot _weights;

    /// <summary>Plans the step.</summary>
    public WinogradGradientByTiles(WinogradGradient<TTile> layer)
    {
        _layer = layer;
        var images = layer.Spec.Gradient.Batch;
        _parts = Math.Min(images, (int)Math.Clamp(SumBytes / (layer.WeightFloats * sizeof(float)) / 2 * 2, 2, MostParts));
        var ofTile = (long)WinogradGradient<TTile>.Planes * (layer.InputPanels + layer.OutputPanels) * Gemm.PanelWidth * sizeof(float);
        var tiles = Math.Min(Math.Clamp(TileBytes / ofTile, LeastTiles, MostTiles), (long)Chunks.Count(images, _parts) * layer.TilesOfImage);
        _tiles = PanelGemm.Rows((int)tiles);
        _weights = new ArenaSlot(_parts * layer.WeightFloats);
        ScratchFloats = (WinogradGradient<TTile>.Planes * ((long)InputPlane + OutputPlane)) + layer.Spec.Input.Stride;
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [.. _layer.Slots, _weights];

    /// <inheritdoc/>
    public override long ScratchFloats { get; }

    private nint InputPlane => WinogradGradient<TTile>.PlaneStride(_tiles, _layer.InputPanels);

    private nint OutputPlane => WinogradGradient<TTile>.PlaneStride(_tiles, _layer.OutputPanels);

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        _layer.Begin(call);
        call.For(this, 0, _layer.TurnChunks);
        call.For(this, 1, _parts);
        call.For(this, 2, _layer.UnpackChunks);
        _layer.Biases(call);
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        switch (phase)
        {
            case 0:
                _layer.Turn(call, chunk);
                break;
            case 1:
                Part(call, chunk, call.Scratch(slot));
                break;
            default:
                _layer.Unpack(call, chunk, call.At(_weights), _parts);
                break;
        }
    }

    private void Part(Call call, int part, float* scratch)
    {
        var images = (long)_layer.Spec.Gradient.Batch;
        var (first, end) = ((int)(images * part / _parts) * _layer.TilesOfImage, (int)(images * (part + 1) / _parts) * _layer.TilesOfImage);
        var weights = call.At(_weights) + (part * _layer.WeightFloats);
        var panelStride = WinogradGradient<TTile>.PanelStride(_tiles);
        var planes = WinogradGradient<TTile>.Planes;
        var products = scratch + (planes * InputPlane);
        for (var tile = first; tile < end; tile += _tiles)
        {
            var count = Math.Min(_tiles, end - tile);
            _layer.Inputs(call, tile, count, scratch, InputPlane, panelStride);
            _layer.Outputs(call, tile, count, products, OutputPlane, panelStride);
            for (var plane = 0; plane < planes; plane++)
            {
                float* v = scratch + (plane * InputPlane), m = products + (plane * OutputPlane);
                _layer.WeightProduct(plane, v, m, panelStride, count, weights, accumulate: tile > first);
                _layer.InputProduct(call, plane, m, v, panelStride, count);
            }

            _layer.InputsAdjoint(call, tile, count, scratch, InputPlane, panelStride, products + (planes * OutputPlane));
        }
    }
}

/// <summary>
/// V and M' of some images in memory, then each product a chunk, whose sums nobody shares, then the next images. For weights that are large,
/// and for few images.
/// </summary>
internal sealed unsafe class WinogradGradientByPlanes<TTile> : Step
    where TTile : struct, IWinogradTile
{
    // What both products read of V and M' stays in the second-level cache.
    private const int TilesAtOnce = Gemm.DepthBlock;

    // V and M' of a group of images, which the third-level cache should hold; and images that threads have to share out.
    private const long GroupBytes = 14 << 20;
    private const int FewestImages = 4;

    private readonly WinogradGradient<TTile> _layer;
    private readonly int _images;
    private readonly ArenaSlot _inputs;
    private readonly ArenaSlot _outputs;
    private readonly ArenaSlot _weights;

    /// <summary>Plans the step.</summary>
    public WinogradGradientByPlanes(WinogradGradient<TTile> layer)
    {
        _layer = layer;
        var batch = layer.Spec.Gradient.Batch;
        var ofImage = (long)WinogradGradient<TTile>.Planes * layer.TilesOfImage * (layer.InputPanels + layer.OutputPanels) * Gemm.PanelWidth * sizeof(float);
        var most = (int)Math.Clamp(GroupBytes / ofImage / FewestImages * FewestImages, FewestImages, Math.Max(batch, FewestImages));
        _images = Chunks.Count(batch, Chunks.Count(batch, most));
        _inputs = new ArenaSlot(WinogradGradient<TTile>.Planes * (long)InputPlane);
        _outputs = new ArenaSlot(WinogradGradient<TTile>.Planes * (long)OutputPlane);
        _weights = new ArenaSlot(layer.WeightFloats);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [.. _layer.Slots, _inputs, _outputs, _weights];

    /// <inheritdoc/>
    public override long ScratchFloats => _layer.Spec.Input.Stride;

    private int Tiles => _images * _layer.TilesOfImage;

    private nint InputPlane => WinogradGradient<TTile>.PlaneStride(Tiles, _layer.InputPanels);

    private nint OutputPlane => WinogradGradient<TTile>.PlaneStride(Tiles, _layer.OutputPanels);

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        // A group's phases are numbered on from those of the group before.
        var batch = _layer.Spec.Gradient.Batch;
        _layer.Begin(call);
        call.For(this, Turn, _layer.TurnChunks);
        for (var first = 0; first < batch; first += _images)
        {
            var images = Math.Min(_images, batch - first);
            call.For(this, Groups + (3 * first), images);
            call.For(this, Groups + (3 * first) + 1, WinogradGradient<TTile>.Planes);
            call.For(this, Groups + (3 * first) + 2, images);
        }

        call.For(this, Unpack, _layer.UnpackChunks);
        _layer.Biases(call);
    }

    private const int Turn = 0;
    private const int Unpack = 1;
    private const int Groups = 2;

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        switch (phase)
        {
            case Turn:
                _layer.Turn(call, chunk);
                break;
            case Unpack:
                _layer.Unpack(call, chunk, call.At(_weights), 1);
                break;
            default:
                var (firstImage, part) = Math.DivRem(phase - Groups, 3);
                Group(call, firstImage, part, chunk, slot);
                break;
        }
    }

    private void Group(Call call, int firstImage, int part, int chunk, int slot)
    {
        var panelStride = WinogradGradient<TTile>.PanelStride(Tiles);
        var count = _layer.TilesOfImage;
        var (first, rows) = ((firstImage + chunk) * count, (nint)chunk * count * Gemm.PanelWidth);
        switch (part)
        {
            case 0:
                _layer.Inputs(call, first, count, call.At(_inputs) + rows, InputPlane, panelStride);
                _layer.Outputs(call, first, count, call.At(_outputs) + rows, OutputPlane, panelStride);
                break;
            case 1:
                var images = Math.Min(_images, _layer.Spec.Gradient.Batch - firstImage);
                Plane(call, chunk, images * count, panelStride, accumulate: firstImage > 0);
                break;
            default:
                _layer.InputsAdjoint(call, first, count, call.At(_inputs) + rows, InputPlane, panelStride, call.Scratch(slot));
                break;
        }
    }

    private void Plane(Call call, int plane, int tiles, nint panelStride, bool accumulate)
    {
        for (var tile = 0; tile < tiles; tile += TilesAtOnce)
        {
            var rows = (nint)tile * Gemm.PanelWidth;
            var v = call.At(_inputs) + (plane * InputPlane) + rows;
            var m = call.At(_outputs) + (plane * OutputPlane) + rows;
            var count = Math.Min(TilesAtOnce, tiles - tile);
            _layer.WeightProduct(plane, v, m, panelStride, count, call.At(_weights), accumulate || tile > 0);
            _layer.InputProduct(call, plane, m, v, panelStride, count);
        }
    }
}
