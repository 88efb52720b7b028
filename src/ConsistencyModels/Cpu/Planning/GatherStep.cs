using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>The direct algorithm: the 9 pixels around each output are copied side by side, then one matrix product.</summary>
internal sealed unsafe class GatherStep : Step
{
    private const int RowsOfBlock = 48;
    private const int Edge = 3;
    private const int Taps = Edge * Edge;

    private readonly GatherSpec _spec;
    private readonly int _depth;

    /// <summary>Plans the step.</summary>
    public GatherStep(GatherSpec spec)
    {
        _spec = spec;
        _depth = spec.Weights.Depth;
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
        _spec.Input is { } input ? [input.Slot, _spec.Output.Slot] : [_spec.Output.Slot];

    /// <inheritdoc/>
    public override long ScratchFloats => (long)RowsOfBlock * _depth;

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, Chunks.Count(_spec.Output.Rows, RowsOfBlock));

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var output = _spec.Output;
        var first = chunk * RowsOfBlock;
        var rows = Math.Min(RowsOfBlock, output.Rows - first);
        var patches = call.Scratch(slot);
        for (var row = 0; row < rows; row++)
        {
            var (image, pixel) = Math.DivRem(first + row, output.Pixels);
            var (y, x) = Math.DivRem(pixel, output.Width);
            var patch = patches + ((long)row * _depth);
            var (top, left) = ((y * _spec.Stride) - _spec.Padding, (x * _spec.Stride) - _spec.Padding);
            if (_spec.Input is { } input)
            {
                GatherPixels(call.At(input.Slot) + ((long)image * input.Pixels * input.Stride), input, top, left, patch);
            }
            else
            {
                GatherPlanes(call.Sample, image, top, left, patch);
            }
        }

        var c = call.At(output.Slot) + ((long)first * output.Stride);
        _spec.Weights.Multiply(patches, _depth, 0, _depth, 0, _spec.Weights.Panels, c, output.Stride, rows, accumulate: false);
        Epilogue.Apply(c, output.Stride, rows, output.Stride, _spec.Bias.Values, null, 0, 1, silu: false);
    }

    private static void GatherPixels(float* x, Feature input, int top, int left, float* patch)
    {
        for (var tap = 0; tap < Taps; tap++)
        {
            var (row, column) = (top + (tap / Edge), left + (tap % Edge));
            var target = new Span<float>(patch + ((long)tap * input.Stride), input.Stride);
            if ((uint)row < (uint)input.Height && (uint)column < (uint)input.Width)
            {
                new ReadOnlySpan<float>(x + ((((long)row * input.Width) + column) * input.Stride), input.Stride).CopyTo(target);
            }
            else
            {
                target.Clear();
            }
        }
    }

    private void GatherPlanes(float* sample, int image, int top, int left, float* patch)
    {
        var (height, width, channels) = _spec.InputSize;
        var plane = (long)height * width;
        for (var tap = 0; tap < Taps; tap++)
        {
            var (row, column) = (top + (tap / Edge), left + (tap % Edge));
            var inside = (uint)row < (uint)height && (uint)column < (uint)width;
            var x = sample + ((long)image * channels * plane) + ((long)row * width) + column;
            for (var channel = 0; channel < channels; channel++)
            {
                // Zeros around the image stay zeros when it is centred.
                var value = inside ? x[channel * plane] : 0;
                *patch++ = _spec.Center && inside ? (2 * value) - 1 : value;
            }
        }
    }
}

/// <summary>A 3x3 convolution for which pixels' surroundings are gathered: with stride 2, or of the network's input.</summary>
internal sealed record GatherSpec
{
    /// <summary>The input, or null for the call's sample in NCHW order.</summary>
    public Feature? Input { get; init; }

    /// <summary>Size and channels of the input.</summary>
    public required (int Height, int Width, int Channels) InputSize { get; init; }

    /// <summary>Whether the sample x is taken as 2x - 1.</summary>
    public bool Center { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights: rows are taps, then channels.</summary>
    public required PackedMatrix Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>1 or 2.</summary>
    public required int Stride { get; init; }

    /// <summary>Rows and columns of zeros above and left of the image; as many as needed follow below and right.</summary>
    public required int Padding { get; init; }
}
