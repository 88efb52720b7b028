namespace ConsistencyModels.Cpu;

/// <summary>
/// The three parts of a group normalization, for any range of an image's pixels and channels: statistics of pieces, each channel's
/// factor and shift, and their application. How the work is cut has no influence on any result.
/// </summary>
internal sealed unsafe class NormLayer
{
    private readonly ChannelLayout _layout;
    private readonly int[] _memoryOf;
    private readonly ArenaSlot _statistics;
    private readonly ArenaSlot _factors;

    /// <summary>The layer for a batch.</summary>
    public NormLayer(NormSpec spec, int batch)
    {
        Spec = spec;
        _layout = spec.Output.Layout;
        Pixels = spec.Inputs[0].Pixels;
        Pieces = Chunks.Count(Pixels, GroupNormKernel.PiecePixels);
        _statistics = new ArenaSlot((long)batch * Pieces * 2 * Channels);
        _factors = new ArenaSlot((long)batch * 2 * Channels);
        _memoryOf = new int[_layout.Channels];
        for (var i = 0; i < Channels; i++)
        {
            if (_layout.Logical[i] >= 0)
            {
                _memoryOf[_layout.Logical[i]] = i;
            }
        }
    }

    /// <summary>What it does.</summary>
    public NormSpec Spec { get; }

    /// <summary>Channels in memory, of all inputs.</summary>
    public int Channels => _layout.Padded;

    /// <summary>Whether no channel is padding: then groups follow each other in memory.</summary>
    public bool Dense => _layout.Padded == _layout.Channels;

    /// <summary>Channels of a group.</summary>
    public int ChannelsOfGroup => _layout.Channels / Spec.Groups;

    /// <summary>Pixels of an image.</summary>
    public int Pixels { get; }

    /// <summary>Pieces of an image, of <see cref="GroupNormKernel.PiecePixels"/> pixels.</summary>
    public int Pieces { get; }

    /// <summary>What <see cref="Apply"/> counts: pixels, or rows of the output if it halves the image.</summary>
    public int Units => Spec.Halve ? Spec.Output.Height : Pixels;

    /// <summary>Memory it reads and writes.</summary>
    public IEnumerable<ArenaSlot> Slots =>
    [
        .. Spec.Inputs.Select(input => input.Slot), Spec.Output.Slot, _statistics, _factors,
        .. Spec.Time is { } time ? [time.Slot] : Array.Empty<ArenaSlot>(),
        .. Spec.HalvedInput is { } halved ? [halved.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <summary>Statistics of some pieces and channels in memory.</summary>
    public void Statistics(Call call, int image, Part pieces, Part channels)
    {
        for (var piece = pieces.Start; piece < pieces.End; piece++)
        {
            var first = piece * GroupNormKernel.PiecePixels;
            var count = Math.Min(GroupNormKernel.PiecePixels, Pixels - first);
            var means = call.At(_statistics) + ((((long)image * Pieces) + piece) * 2 * Channels);
            var start = 0;
            foreach (var input in Spec.Inputs)
            {
                var part = channels.Within(start, input.Stride);
                if (part.Count > 0)
                {
                    var x = call.At(input.Slot) + ((((long)image * Pixels) + first) * input.Stride) + part.Start;
                    var mean = means + start + part.Start;
                    GroupNormKernel.Statistics(x, input.Stride, count, part.Count, mean, mean + Channels);
                }

                start += input.Stride;
            }
        }
    }

    /// <summary>Factors and shifts of some groups, from all statistics of their channels.</summary>
    public void Factors(Call call, int image, Part groups)
    {
        var a = call.At(_factors) + ((long)image * 2 * Channels);
        var b = a + Channels;
        if (groups.Start == 0)
        {
            for (var i = 0; i < Channels; i++)
            {
                if (_layout.Logical[i] < 0)
                {
                    a[i] = b[i] = 0;
                }
            }
        }

        for (var group = groups.Start; group < groups.End; group++)
        {
            var members = _memoryOf.AsSpan(group * ChannelsOfGroup, ChannelsOfGroup);
            var (mean, variance) = Moments(call, image, members);
            var inverse = 1 / Math.Sqrt(variance + Spec.Epsilon);
            foreach (var i in members)
            {
                var factor = inverse * Spec.Weight.Values[i];
                var shift = Spec.Bias.Values[i] - (mean * factor);
                if (Spec.Time is { } time)
                {
                    // [scale, shift] of the time embedding, each as wide as the output.
                    var row = call.At(time.Slot) + ((long)image * time.RowStride) + time.Offset;
                    factor *= 1.0 + row[i];
                    shift = (shift * (1.0 + row[i])) + row[Channels + i];
                }

                a[i] = (float)factor;
                b[i] = (float)shift;
            }
        }
    }

    /// <summary>The output, for some of the <see cref="Units"/> and channels in memory.</summary>
    public void Apply(Call call, int image, Part units, Part channels)
    {
        var factors = call.At(_factors) + ((long)image * 2 * Channels);
        var output = Spec.Output;
        var start = 0;
        foreach (var input in Spec.Inputs)
        {
            var part = channels.Within(start, input.Stride);
            var a = factors + start + part.Start;
            var x = call.At(input.Slot) + ((long)image * Pixels * input.Stride) + part.Start;
            var y = call.At(output.Slot) + ((long)image * output.Pixels * output.Stride) + start + part.Start;
            start += input.Stride;
            if (part.Count == 0)
            {
                continue;
            }

            if (!Spec.Halve)
            {
                GroupNormKernel.Apply(
                    x + ((long)units.Start * input.Stride), input.Stride, a, a + Channels,
                    y + ((long)units.Start * output.Stride), output.Stride, units.Count, part.Count, Spec.SiLU);
                continue;
            }

            var mean = Spec.HalvedInput is { } halved ? call.At(halved.Slot) + ((long)image * halved.Pixels * halved.Stride) + part.Start : null;
            for (var row = units.Start; row < units.End; row++)
            {
                var upper = x + (2L * row * input.Width * input.Stride);
                GroupNormKernel.ApplyHalving(
                    upper, upper + ((long)input.Width * input.Stride), input.Stride, a, a + Channels,
                    y + ((long)row * output.Width * output.Stride), output.Stride,
                    mean is null ? null : mean + ((long)row * output.Width * input.Stride), input.Stride, output.Width, part.Count);
            }
        }
    }

    private (double Mean, double Variance) Moments(Call call, int image, ReadOnlySpan<int> members)
    {
        var count = (double)Pixels * members.Length;
        var start = call.At(_statistics) + ((long)image * Pieces * 2 * Channels);
        double sum = 0;
        for (var piece = 0; piece < Pieces; piece++)
        {
            var means = start + ((long)piece * 2 * Channels);
            double ofPiece = 0;
            foreach (var i in members)
            {
                ofPiece += means[i];
            }

            sum += ofPiece * PixelsOf(piece);
        }

        var mean = sum / count;
        double squares = 0;
        for (var piece = 0; piece < Pieces; piece++)
        {
            var pixels = PixelsOf(piece);
            var means = start + ((long)piece * 2 * Channels);
            foreach (var i in members)
            {
                var distance = means[i] - mean;
                squares += means[Channels + i] + (pixels * distance * distance);
            }
        }

        return (mean, squares / count);
    }

    private int PixelsOf(int piece) => Math.Min(GroupNormKernel.PiecePixels, Pixels - (piece * GroupNormKernel.PiecePixels));
}
