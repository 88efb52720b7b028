using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>
/// Group normalization with the time embedding's scale and shift and SiLU in one pass over the input, which may be two
/// features to be concatenated; optionally followed by 2x2 means, of the result and of the input.
/// </summary>
internal sealed unsafe class NormStep : Step
{
    private const double FactorOperations = 4000; // of a chunk: some 5 µs

    private readonly NormSpec _spec;
    private readonly int _batch;
    private readonly bool _byImages;
    private readonly int _pixels;
    private readonly int _pieces;
    private readonly int _piecesOfChunk;
    private readonly int _groupsOfChunk;
    private readonly int _units;
    private readonly int _unitsOfChunk;
    private readonly ChannelLayout _layout;
    private readonly ArenaSlot _statistics;
    private readonly ArenaSlot _factors;

    /// <summary>Plans the step.</summary>
    public NormStep(NormSpec spec, int batch, int threads)
    {
        _spec = spec;
        _batch = batch;
        _byImages = batch >= 2 * threads; // a thread then finds what it reads twice in its cache, and waits for none
        _layout = spec.Output.Layout;
        _pixels = spec.Inputs[0].Pixels;
        _pieces = Chunks.Count(_pixels, GroupNormKernel.PiecePixels);
        _piecesOfChunk = Chunks.ByBytes(4.0 * GroupNormKernel.PiecePixels * _layout.Padded, _pieces);
        _groupsOfChunk = (int)Math.Clamp(FactorOperations * spec.Groups / (_pieces * (double)_layout.Channels), 1, spec.Groups);
        _units = spec.Halve ? spec.Output.Height : _pixels;
        _unitsOfChunk = Chunks.ByBytes((spec.Halve ? 20.0 * spec.Output.Width : 8.0) * _layout.Padded, _units);
        _statistics = new ArenaSlot((long)batch * _pieces * 2 * _layout.Padded);
        _factors = new ArenaSlot((long)batch * 2 * _layout.Padded);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        .. _spec.Inputs.Select(input => input.Slot), _spec.Output.Slot, _statistics, _factors,
        .. _spec.Time is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
        .. _spec.HalvedInput is { } halved ? [halved.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        if (_byImages)
        {
            call.For(this, 3, _batch);
            return;
        }

        for (var phase = 0; phase < 3; phase++)
        {
            call.For(this, phase, _batch * ChunksOfImage(phase));
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        switch (phase)
        {
            case 0:
                Statistics(call, chunk);
                break;
            case 1:
                Factors(call, chunk);
                break;
            case 2:
                Apply(call, chunk);
                break;
            default:
                Image(call, chunk, slot);
                break;
        }
    }

    private int ChunksOfImage(int phase) => phase switch
    {
        0 => Chunks.Count(_pieces, _piecesOfChunk),
        1 => Chunks.Count(_spec.Groups, _groupsOfChunk),
        _ => Chunks.Count(_units, _unitsOfChunk),
    };

    private void Image(Call call, int image, int slot)
    {
        for (var phase = 0; phase < 3; phase++)
        {
            var chunks = ChunksOfImage(phase);
            for (var chunk = 0; chunk < chunks; chunk++)
            {
                Chunk(call, phase, (image * chunks) + chunk, slot);
            }
        }
    }

    private void Statistics(Call call, int chunk)
    {
        var (image, part) = Math.DivRem(chunk, ChunksOfImage(0));
        var end = Math.Min(_pieces, (part + 1) * _piecesOfChunk);
        for (var piece = part * _piecesOfChunk; piece < end; piece++)
        {
            var first = piece * GroupNormKernel.PiecePixels;
            var count = Math.Min(GroupNormKernel.PiecePixels, _pixels - first);
            var mean = call.At(_statistics) + ((((long)image * _pieces) + piece) * 2 * _layout.Padded);
            foreach (var input in _spec.Inputs)
            {
                var x = call.At(input.Slot) + ((((long)image * _pixels) + first) * input.Stride);
                GroupNormKernel.Statistics(x, count, input.Stride, mean, mean + _layout.Padded);
                mean += input.Stride;
            }
        }
    }

    private void Factors(Call call, int chunk)
    {
        var (image, part) = Math.DivRem(chunk, ChunksOfImage(1));
        var channels = _layout.Channels / _spec.Groups;
        var a = call.At(_factors) + ((long)image * 2 * _layout.Padded);
        var b = a + _layout.Padded;
        if (part == 0)
        {
            var logical = _layout.Logical;
            for (var i = 0; i < logical.Length; i++)
            {
                if (logical[i] < 0)
                {
                    a[i] = b[i] = 0;
                }
            }
        }

        for (var group = part * _groupsOfChunk; group < Math.Min(_spec.Groups, (part + 1) * _groupsOfChunk); group++)
        {
            var members = _layout.Places.Slice(group * channels, channels);
            var (mean, variance) = Moments(call, image, members);
            var inverse = 1 / Math.Sqrt(variance + _spec.Epsilon);
            foreach (var i in members)
            {
                var factor = inverse * _spec.Weight.Values[i];
                var shift = _spec.Bias.Values[i] - (mean * factor);
                if (_spec.Time is { } time)
                {
                    // [scale, shift] of the time embedding, each as wide as the output.
                    var row = call.At(time.Slot) + ((long)image * time.RowStride) + time.Offset;
                    factor *= 1.0 + row[i];
                    shift = (shift * (1.0 + row[i])) + row[_layout.Padded + i];
                }

                a[i] = (float)factor;
                b[i] = (float)shift;
            }
        }
    }

    private (double Mean, double Variance) Moments(Call call, int image, ReadOnlySpan<int> members)
    {
        var count = (double)_pixels * members.Length;
        var start = call.At(_statistics) + ((long)image * _pieces * 2 * _layout.Padded);
        double sum = 0;
        for (var piece = 0; piece < _pieces; piece++)
        {
            var pixels = Math.Min(GroupNormKernel.PiecePixels, _pixels - (piece * GroupNormKernel.PiecePixels));
            var means = start + ((long)piece * 2 * _layout.Padded);
            double part = 0;
            foreach (var i in members)
            {
                part += means[i];
            }

            sum += part * pixels;
        }

        var mean = sum / count;
        double squares = 0;
        for (var piece = 0; piece < _pieces; piece++)
        {
            var pixels = Math.Min(GroupNormKernel.PiecePixels, _pixels - (piece * GroupNormKernel.PiecePixels));
            var means = start + ((long)piece * 2 * _layout.Padded);
            foreach (var i in members)
            {
                var distance = means[i] - mean;
                squares += means[_layout.Padded + i] + (pixels * distance * distance);
            }
        }

        return (mean, squares / count);
    }

    private void Apply(Call call, int chunk)
    {
        var (image, part) = Math.DivRem(chunk, ChunksOfImage(2));
        var first = part * _unitsOfChunk;
        var count = Math.Min(_unitsOfChunk, _units - first);
        var a = call.At(_factors) + ((long)image * 2 * _layout.Padded);
        var output = _spec.Output;
        var y = call.At(output.Slot) + ((long)image * output.Pixels * output.Stride);
        foreach (var input in _spec.Inputs)
        {
            var x = call.At(input.Slot) + ((long)image * _pixels * input.Stride);
            if (_spec.Halve)
            {
                var mean = _spec.HalvedInput is { } halved ? call.At(halved.Slot) + ((long)image * halved.Pixels * halved.Stride) : null;
                for (var row = first; row < first + count; row++)
                {
                    var upper = x + (2L * row * input.Width * input.Stride);
                    GroupNormKernel.ApplyHalving(
                        upper, upper + ((long)input.Width * input.Stride), a, a + _layout.Padded,
                        y + ((long)row * output.Width * output.Stride), output.Stride,
                        mean is null ? null : mean + ((long)row * output.Width * input.Stride), input.Stride, output.Width, input.Stride);
                }
            }
            else
            {
                GroupNormKernel.Apply(
                    x + ((long)first * input.Stride), a, a + _layout.Padded, y + ((long)first * output.Stride), output.Stride, count, input.Stride, _spec.SiLU);
            }

            a += input.Stride;
            y += input.Stride;
        }
    }
}

/// <summary>What a <see cref="NormStep"/> does.</summary>
internal sealed record NormSpec
{
    /// <summary>One feature, or two of the same size that are concatenated.</summary>
    public required Feature[] Inputs { get; init; }

    /// <summary>The result, with the inputs' channels; may be the input itself if there is one and <see cref="Halve"/> is false.</summary>
    public required Feature Output { get; init; }

    /// <summary>Factors.</summary>
    public required PackedVector Weight { get; init; }

    /// <summary>Shifts.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>Number of groups.</summary>
    public required int Groups { get; init; }

    /// <summary>Added to the variance.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Whether SiLU follows; always with <see cref="Halve"/>.</summary>
    public bool SiLU { get; init; }

    /// <summary>Where the time embedding's scale and shift are, or null.</summary>
    public TimeColumns? Time { get; init; }

    /// <summary>Whether the output is the mean of 2x2 pixels.</summary>
    public bool Halve { get; init; }

    /// <summary>With <see cref="Halve"/>: receives the mean of 2x2 pixels of the input, or null.</summary>
    public Feature? HalvedInput { get; init; }
}
