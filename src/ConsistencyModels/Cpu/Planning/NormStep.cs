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
    private readonly ArenaSlot? _moments;

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
        _moments = spec.KeepsMoments ? new ArenaSlot((long)batch * 2 * _layout.Padded) : null;
    }

    /// <summary>What it does.</summary>
    public NormSpec Spec => _spec;

    /// <summary>[N, 2, channels]: the factors a and shifts b with which the output is SiLU(a·x + b).</summary>
    public ArenaSlot FactorSlot => _factors;

    /// <summary>[N, 2, channels]: the mean of each channel's group, and 1 over its standard deviation, if they are kept.</summary>
    public ArenaSlot? MomentSlot => _moments;

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        .. _spec.Inputs.Select(input => input.Slot), _spec.Output.Slot, _statistics, _factors,
        .. _spec.Time is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
        .. _spec.HalvedInput is { } halved ? [halved.Slot] : Array.Empty<ArenaSlot>(),
        .. _moments is { } moments ? [moments] : Array.Empty<ArenaSlot>(),
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
                Apply(call, chunk, _spec.Output, _spec.HalvedInput);
                break;
            default:
                Image(call, chunk, slot);
                break;
        }
    }

    /// <summary>Chunks in which the output alone is made from the factors: <see cref="Apply"/>.</summary>
    public int OutputChunks => _batch * ChunksOfImage(2);

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
                    Keep(call, image, i, 0, 0);
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
                Keep(call, image, i, mean, inverse);
            }
        }
    }

    private void Keep(Call call, int image, int channel, double mean, double inverse)
    {
        if (_moments is { } moments)
        {
            var place = call.At(moments) + ((long)image * 2 * _layout.Padded) + channel;
            place[0] = (float)mean;
            place[_layout.Padded] = (float)inverse;
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

    /// <summary>Makes a part of the output, which may be made again elsewhere.</summary>
    /// <param name="call">The call.</param>
    /// <param name="chunk">Below <see cref="OutputChunks"/>.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="halvedInput">Where means of the input go, or null.</param>
    public void Apply(Call call, int chunk, Feature output, Feature? halvedInput)
    {
        var (image, part) = Math.DivRem(chunk, ChunksOfImage(2));
        var first = part * _unitsOfChunk;
        var count = Math.Min(_unitsOfChunk, _units - first);
        var a = call.At(_factors) + ((long)image * 2 * _layout.Padded);
        var y = call.At(output.Slot) + ((long)image * output.Pixels * output.Stride);
        foreach (var input in _spec.Inputs)
        {
            var x = call.At(input.Slot) + ((long)image * _pixels * input.Stride);
            if (_spec.Halve)
            {
                var mean = halvedInput is { } halved ? call.At(halved.Slot) + ((long)image * halved.Pixels * halved.Stride) : null;
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
