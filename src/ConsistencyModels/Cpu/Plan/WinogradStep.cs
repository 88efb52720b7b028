namespace ConsistencyModels.Cpu;

/// <summary>
/// A 3x3 convolution by Winograd's algorithm, in three phases: inputs of the products, products, outputs. Tiles of all images
/// are one list, worked through in blocks so that what lies between the phases stays in the cache; a block's size has no
/// influence on any result.
/// </summary>
internal sealed unsafe class WinogradStep<TTile> : Step
    where TTile : struct, IWinogradTile
{
    private const long BlockBytes = 12 << 20;
    private const int SmallestBlock = 48;

    // Planes a multiple of 4 KB apart would compete for the same sets of the first-level cache.
    private const int PlaneStagger = 16;

    private readonly ConvolutionSpec _spec;
    private readonly int _edge = TTile.OutputSize + 2;
    private readonly int _tileColumns;
    private readonly int _tilesOfImage;
    private readonly int _tiles;
    private readonly int _block;
    private readonly int _inputTilesOfChunk;
    private readonly int _outputTilesOfChunk;
    private readonly nint _inputPlane;
    private readonly nint _outputPlane;
    private readonly ArenaSlot _inputs;
    private readonly ArenaSlot _products;
    private readonly ArenaSlot _zeros;

    /// <summary>Plans the step.</summary>
    public WinogradStep(ConvolutionSpec spec, int batch)
    {
        _spec = spec;
        var (input, output) = (spec.Input, spec.Output);
        _tileColumns = Chunks.Count(output.Width, TTile.OutputSize);
        _tilesOfImage = Chunks.Count(output.Height, TTile.OutputSize) * _tileColumns;
        _tiles = batch * _tilesOfImage;
        var planes = _edge * _edge;
        var fitting = (int)(BlockBytes / (planes * sizeof(float) * (input.Stride + output.Stride)));
        _block = Math.Min(_tiles, Math.Max(SmallestBlock, fitting));
        _block = Chunks.Count(_tiles, Chunks.Count(_tiles, _block)); // blocks of even size
        _inputTilesOfChunk = Chunks.ByBytes(4.0 * planes * input.Stride, _block);
        _outputTilesOfChunk = Chunks.ByBytes(4.0 * planes * output.Stride, _block);
        _inputPlane = ((nint)_block * input.Stride) + PlaneStagger;
        _outputPlane = ((nint)_block * output.Stride) + PlaneStagger;
        _inputs = new ArenaSlot((long)planes * _inputPlane);
        _products = new ArenaSlot((long)planes * _outputPlane);
        _zeros = new ArenaSlot(input.Stride);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        _spec.Input.Slot, _spec.Output.Slot, _inputs, _products, _zeros,
        .. _spec.Time is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
        .. _spec.Residual is { } residual ? [residual.Source.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        new Span<float>(call.At(_zeros), _spec.Input.Stride).Clear();
        for (var first = 0; first < _tiles; first += _block)
        {
            call.Block = first;
            var count = Math.Min(_block, _tiles - first);
            call.For(this, 0, Chunks.Count(count, _inputTilesOfChunk));
            call.For(this, 1, _edge * _edge * Chunks.Count(_spec.Weights.Panels, PanelsOfChunk(count)));
            call.For(this, 2, Chunks.Count(count, _outputTilesOfChunk));
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var count = Math.Min(_block, _tiles - call.Block);
        switch (phase)
        {
            case 0:
                Inputs(call, chunk * _inputTilesOfChunk, Math.Min(count, (chunk + 1) * _inputTilesOfChunk));
                break;
            case 1:
                Products(call, chunk, count);
                break;
            default:
                Outputs(call, chunk * _outputTilesOfChunk, Math.Min(count, (chunk + 1) * _outputTilesOfChunk));
                break;
        }
    }

    private int PanelsOfChunk(int tiles) =>
        Chunks.ByOperations((double)tiles * _spec.Input.Stride * Gemm.PanelWidth, _spec.Weights.Panels);

    private void Inputs(Call call, int first, int end)
    {
        var input = _spec.Input;
        var shift = _spec.DoubleInput ? 1 : 0;
        var (height, width) = (_spec.Output.Height, _spec.Output.Width);
        var zeros = call.At(_zeros);
        var pixels = stackalloc float*[36];
        for (var tile = first; tile < end; tile++)
        {
            var (image, place) = Math.DivRem(call.Block + tile, _tilesOfImage);
            var (tileRow, tileColumn) = Math.DivRem(place, _tileColumns);
            var x = call.At(input.Slot) + ((long)image * input.Pixels * input.Stride);
            for (var i = 0; i < _edge; i++)
            {
                var row = (tileRow * TTile.OutputSize) - 1 + i;
                for (var j = 0; j < _edge; j++)
                {
                    var column = (tileColumn * TTile.OutputSize) - 1 + j;
                    pixels[(i * _edge) + j] = (uint)row < (uint)height && (uint)column < (uint)width
                        ? x + ((((long)(row >> shift) * input.Width) + (column >> shift)) * input.Stride)
                        : zeros;
                }
            }

            TTile.Input(pixels, input.Stride, call.At(_inputs) + ((nint)tile * input.Stride), _inputPlane);
        }
    }

    private void Products(Call call, int chunk, int tiles)
    {
        var weights = _spec.Weights;
        var size = PanelsOfChunk(tiles);
        var (product, part) = Math.DivRem(chunk, Chunks.Count(weights.Panels, size));
        var firstPanel = part * size;
        weights.Multiply(
            product, call.At(_inputs) + (product * _inputPlane), _spec.Input.Stride, firstPanel, Math.Min(size, weights.Panels - firstPanel),
            call.At(_products) + (product * _outputPlane) + (firstPanel * Gemm.PanelWidth), _spec.Output.Stride, tiles);
    }

    private void Outputs(Call call, int first, int end)
    {
        var output = _spec.Output;
        var target = new WinogradTarget
        {
            RowStride = (nint)output.Width * output.Stride,
            PixelStride = output.Stride,
            Channels = output.Stride,
            Bias = _spec.Bias.Values,
            Scale = _spec.Scale,
        };
        for (var tile = first; tile < end; tile++)
        {
            var (image, place) = Math.DivRem(call.Block + tile, _tilesOfImage);
            var (tileRow, tileColumn) = Math.DivRem(place, _tileColumns);
            var (row, column) = (tileRow * TTile.OutputSize, tileColumn * TTile.OutputSize);
            target.Output = call.At(output.Slot) + (((((long)image * output.Height) + row) * output.Width) + column) * output.Stride;
            target.Rows = Math.Min(TTile.OutputSize, output.Height - row);
            target.Columns = Math.Min(TTile.OutputSize, output.Width - column);
            if (_spec.Time is { } time)
            {
                target.ImageBias = call.At(time.Slot) + ((long)image * time.RowStride) + time.Offset;
            }

            if (_spec.Residual is { } residual)
            {
                var source = residual.Source;
                target.ResidualShift = residual.Doubled ? 1 : 0;
                target.ResidualPixelStride = source.Stride;
                target.ResidualRowStride = (nint)source.Width * source.Stride;
                target.Residual = call.At(source.Slot)
                    + ((((long)image * source.Height) + (row >> target.ResidualShift)) * target.ResidualRowStride)
                    + ((column >> target.ResidualShift) * target.ResidualPixelStride);
            }

            TTile.Output(call.At(_products) + ((nint)tile * output.Stride), _outputPlane, target);
        }
    }
}
