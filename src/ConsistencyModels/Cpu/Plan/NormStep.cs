namespace ConsistencyModels.Cpu;

/// <summary>
/// Group normalization with the time embedding's scale and shift and SiLU in one pass over the input, which may be two
/// features to be concatenated; optionally followed by 2x2 means, of the result and of the input.
/// </summary>
/// <remarks>
/// Where there are images enough, or groups enough in an image of few pixels, a chunk is all three parts of the layer: its thread finds
/// what it reads twice in its cache and waits for none. Else the parts are phases, and chunks are pixels.
/// </remarks>
internal sealed class NormStep : Step
{
    private const int Whole = 3; // the phase that is all parts
    private const double FactorOperations = 4000; // of a chunk: some 5 µs

    // Fewer, and a chunk reads too little of each pixel.
    private const int FewestChannels = 64;

    // Layers of more pixels are convolved by tiles: their threads have pixels, not channels.
    private const int MostPixelsByChannels = 1024;

    private readonly NormLayer _layer;
    private readonly int _batch;
    private readonly int _channelsOfChunk;
    private readonly int _piecesOfChunk;
    private readonly int _groupsOfChunk;
    private readonly int _unitsOfChunk;

    /// <summary>Plans the step.</summary>
    public NormStep(NormSpec spec, int batch, int threads)
    {
        _layer = new NormLayer(spec, batch);
        _batch = batch;
        _channelsOfChunk = batch >= 2 * threads ? _layer.Channels : ChannelsOfChunk(threads);
        _piecesOfChunk = Chunks.ByBytes(4.0 * GroupNormKernel.PiecePixels * _layer.Channels, _layer.Pieces);
        _groupsOfChunk = (int)Math.Clamp(FactorOperations / (_layer.Pieces * (double)_layer.ChannelsOfGroup), 1, spec.Groups);
        _unitsOfChunk = Chunks.ByBytes((spec.Halve ? 20.0 * spec.Output.Width : 8.0) * _layer.Channels, _layer.Units);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => _layer.Slots;

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        if (_channelsOfChunk > 0)
        {
            call.For(this, Whole, _batch * Chunks.Count(_layer.Channels, _channelsOfChunk));
            return;
        }

        for (var phase = 0; phase < Whole; phase++)
        {
            call.For(this, phase, _batch * ChunksOfImage(phase));
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var (image, part) = Math.DivRem(chunk, ChunksOfImage(phase));
        var channels = new Part(0, _layer.Channels);
        switch (phase)
        {
            case 0:
                _layer.Statistics(call, image, Part.Of(part, _piecesOfChunk, _layer.Pieces), channels);
                break;
            case 1:
                _layer.Factors(call, image, Part.Of(part, _groupsOfChunk, _layer.Spec.Groups));
                break;
            case 2:
                _layer.Apply(call, image, Part.Of(part, _unitsOfChunk, _layer.Units), channels);
                break;
            default:
                channels = Part.Of(part, _channelsOfChunk, _layer.Channels);
                var groups = channels.Count == _layer.Channels
                    ? new Part(0, _layer.Spec.Groups)
                    : new Part(channels.Start / _layer.ChannelsOfGroup, channels.End / _layer.ChannelsOfGroup);
                _layer.Statistics(call, image, new Part(0, _layer.Pieces), channels);
                _layer.Factors(call, image, groups);
                _layer.Apply(call, image, new Part(0, _layer.Units), channels);
                break;
        }
    }

    private int ChunksOfImage(int phase) => phase switch
    {
        0 => Chunks.Count(_layer.Pieces, _piecesOfChunk),
        1 => Chunks.Count(_layer.Spec.Groups, _groupsOfChunk),
        2 => Chunks.Count(_layer.Units, _unitsOfChunk),
        _ => Chunks.Count(_layer.Channels, _channelsOfChunk),
    };

    /// <summary>Channels of whole groups and whole vectors, or 0 if there are too few parts of such a size.</summary>
    private int ChannelsOfChunk(int threads)
    {
        var size = FewestChannels;
        while (size % _layer.ChannelsOfGroup != 0)
        {
            size += Gemm.PanelWidth;
        }

        return _layer.Dense && _layer.Pixels <= MostPixelsByChannels && _layer.Channels >= size * threads ? size : 0;
    }
}
