using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// The way back through a normalization, an image at a time. With x̂ = (x - mean)/deviation, u = γx̂ + β and z = (1 + s)·u + t, the sums over
/// pixels S₀ = Σz' and S₁ = Σz'x̂ give γ' = (1 + s)·S₁, β' = (1 + s)·S₀, t' = S₀, s' = γS₁ + βS₀, and over a group's n values
/// x' = a·z' - (Σγ(1 + s)S₀ + x̂·Σγ(1 + s)S₁)/(n·deviation).
/// </summary>
internal sealed unsafe class NormGradient : Step
{
    private const int ChannelsOfChunk = 64;

    // z' of an image is kept while that fits a second-level cache beside the image and its gradient; else it is computed twice.
    private const long MostKept = 96 << 10;

    private readonly NormGradientSpec _spec;
    private readonly NormSpec _norm;
    private readonly int _padded;
    private readonly ArenaSlot _sums;
    private readonly ArenaSlot _totals;

    /// <summary>Plans the step.</summary>
    public NormGradient(NormGradientSpec spec)
    {
        (_spec, _norm) = (spec, spec.Norm.Spec);
        _padded = _norm.Output.Stride;
        _sums = new ArenaSlot((long)_norm.Output.Batch * 2 * _padded);
        _totals = new ArenaSlot(2L * _padded);
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        .. _norm.Inputs.Select(input => input.Slot), _spec.Norm.FactorSlot, _spec.Norm.MomentSlot!, _spec.Gradient.Slot, _sums, _totals,
        .. _spec.Targets.Select(target => target.Gradient.Slot), .. _spec.Targets.Select(target => target.Addend?.Slot).OfType<ArenaSlot>(),
        .. _spec.HalvedGradient is { } halved ? [halved.Slot] : Array.Empty<ArenaSlot>(),
        .. _norm.Time is { } time ? [time.Slot, _spec.TimeGradient!.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <inheritdoc/>
    public override long ScratchFloats => (2L * _padded) + (Keeps ? ImageFloats : 0);

    private long ImageFloats => (long)_norm.Inputs[0].Pixels * _padded;

    private bool Keeps => ImageFloats <= MostKept;

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        call.For(this, 0, _norm.Output.Batch);
        call.For(this, 1, Chunks.Count(_padded, ChannelsOfChunk));
        _norm.Bias.Unpack(call.At(_totals), call.Gradients);
        _norm.Weight.Unpack(call.At(_totals) + _padded, call.Gradients);
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        if (phase == 1)
        {
            Total(call, chunk);
            return;
        }

        var sums = call.At(_sums) + (chunk * 2L * _padded);
        new Span<float>(sums, 2 * _padded).Clear();
        var constants = call.Scratch(slot);
        var kept = Keeps ? constants + (2L * _padded) : null;
        Sums(call, chunk, sums, kept);
        Factors(call, chunk, sums, constants);
        Apply(call, chunk, constants, kept);
    }

    // Over images, in their order.
    private void Total(Call call, int chunk)
    {
        var batch = _norm.Output.Batch;
        for (var i = chunk * ChannelsOfChunk; i < Math.Min(_padded, (chunk + 1) * ChannelsOfChunk); i++)
        {
            double sum = 0, product = 0;
            for (var image = 0; image < batch; image++)
            {
                var sums = call.At(_sums) + (image * 2L * _padded);
                sum += sums[i];
                product += sums[_padded + i];
            }

            call.At(_totals)[i] = (float)sum;
            call.At(_totals)[_padded + i] = (float)product;
        }
    }

    private void Sums(Call call, int image, float* sums, float* kept)
    {
        var mean = call.At(_spec.Norm.MomentSlot!) + (image * 2L * _padded);
        var offset = 0;
        foreach (var input in _norm.Inputs)
        {
            var pixelsOfRow = PixelsOfRow(input);
            for (var pixel = 0; pixel < input.Pixels; pixel += pixelsOfRow)
            {
                var row = Row(call, image, input, offset, pixel, Math.Min(pixelsOfRow, input.Pixels - pixel));
                GroupNormGradient.Sums(row, mean + offset, sums + offset, sums + _padded + offset, KeptAt(kept, input, offset, pixel));
            }

            offset += input.Stride;
        }

        ElementProduct(sums + _padded, mean + _padded);
    }

    private void ElementProduct(float* products, float* inverse)
    {
        for (var i = 0; i < _padded; i++)
        {
            products[i] *= inverse[i];
        }
    }

    // Turns an image's sums into its share of the parameters' gradients, and what is added to pixels.
    private void Factors(Call call, int image, float* sums, float* constants)
    {
        var moments = call.At(_spec.Norm.MomentSlot!) + (image * 2L * _padded);
        var layout = _norm.Output.Layout;
        var channels = layout.Channels / _norm.Groups;
        var count = (double)_norm.Inputs[0].Pixels * channels;
        float* time = null, timeGradient = null;
        if (_norm.Time is { } columns)
        {
            time = call.At(columns.Slot) + ((long)image * columns.RowStride) + columns.Offset;
            timeGradient = call.At(_spec.TimeGradient!.Slot) + ((long)image * columns.RowStride) + columns.Offset;
            new Span<float>(timeGradient, 2 * _padded).Clear();
        }

        new Span<float>(constants, 2 * _padded).Clear();
        for (var group = 0; group < _norm.Groups; group++)
        {
            var members = layout.Places.Slice(group * channels, channels);
            double all = 0, along = 0;
            foreach (var i in members)
            {
                var scale = 1.0 + (time is null ? 0 : time[i]);
                var (sum, product, weight) = (sums[i], sums[_padded + i], _norm.Weight.Values[i]);
                if (time is not null)
                {
                    timeGradient[i] = (weight * product) + (_norm.Bias.Values[i] * sum);
                    timeGradient[_padded + i] = sum;
                }

                all += scale * weight * sum;
                along += scale * weight * product;
                sums[i] = (float)(scale * sum);
                sums[_padded + i] = (float)(scale * product);
            }

            foreach (var i in members)
            {
                double mean = moments[i], inverse = moments[_padded + i];
                constants[i] = (float)(inverse / count * ((inverse * along * mean) - all));
                constants[_padded + i] = (float)(-inverse * inverse * along / count);
            }
        }
    }

    private void Apply(Call call, int image, float* constants, float* kept)
    {
        var offset = 0;
        for (var i = 0; i < _norm.Inputs.Length; i++)
        {
            var (input, target) = (_norm.Inputs[i], _spec.Targets[i]);
            var pixelsOfRow = PixelsOfRow(input);
            for (var pixel = 0; pixel < input.Pixels; pixel += pixelsOfRow)
            {
                var place = (((long)image * input.Pixels) + pixel) * input.Stride;
                var row = Row(call, image, input, offset, pixel, Math.Min(pixelsOfRow, input.Pixels - pixel));
                GroupNormGradient.Apply(row, constants + offset, constants + _padded + offset, new NormTarget
                {
                    Output = call.At(target.Gradient.Slot) + place,
                    Accumulate = target.Accumulate,
                    Addend = target.Addend is { } addend ? call.At(addend.Slot) + place : null,
                    Halved = _spec.HalvedGradient is { } halved ? call.At(halved.Slot) + HalvedPlace(image, input, pixel, halved.Stride) + offset : null,
                    HalvedStride = _padded,
                    Kept = KeptAt(kept, input, offset, pixel),
                });
            }

            offset += input.Stride;
        }
    }

    // One input after the other.
    private static float* KeptAt(float* kept, Feature input, int offset, int pixel) =>
        kept is null ? null : kept + ((long)offset * input.Pixels) + ((long)pixel * input.Stride);

    // A row of the image where pixels share an output with the next row's, else a piece whose sums round little.
    private int PixelsOfRow(Feature input) => _norm.Halve ? input.Width : GroupNormKernel.PiecePixels;

    private long HalvedPlace(int image, Feature input, int pixel, int stride)
    {
        var output = _norm.Output;
        return (((long)image * output.Pixels) + ((long)(pixel / input.Width / 2) * output.Width)) * stride;
    }

    private NormRow Row(Call call, int image, Feature input, int offset, int pixel, int pixels)
    {
        var gradient = _spec.Gradient;
        var factors = call.At(_spec.Norm.FactorSlot) + (image * 2L * _padded) + offset;
        return new NormRow
        {
            X = call.At(input.Slot) + ((((long)image * input.Pixels) + pixel) * input.Stride),
            Gradient = call.At(gradient.Slot) + offset
                + (_norm.Halve ? HalvedPlace(image, input, pixel, gradient.Stride) : (((long)image * input.Pixels) + pixel) * gradient.Stride),
            GradientStride = gradient.Stride,
            Shift = _norm.Halve ? 1 : 0,
            Factor = _norm.Halve ? 0.25f : 1,
            A = factors,
            B = factors + _padded,
            SiLU = _norm.SiLU || _norm.Halve,
            Pixels = pixels,
            Channels = input.Stride,
        };
    }
}

/// <summary>What a <see cref="NormGradient"/> does.</summary>
internal sealed record NormGradientSpec
{
    /// <summary>The normalization.</summary>
    public required NormStep Norm { get; init; }

    /// <summary>The output's gradient.</summary>
    public required Feature Gradient { get; init; }

    /// <summary>For each input where its gradient goes.</summary>
    public required GradientTarget[] Targets { get; init; }

    /// <summary>The gradient of the input's 2x2 means, if they were made.</summary>
    public Feature? HalvedGradient { get; init; }

    /// <summary>The gradient of the projected time embedding, if that scaled and shifted.</summary>
    public Feature? TimeGradient { get; init; }
}
