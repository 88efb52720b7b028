using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The way back through a 3x3 convolution of gathered pixels, which are gathered again.</summary>
internal sealed unsafe class GatherGradient : MatrixGradient
{
    private readonly GatherSpec _spec;
    private readonly GradientTarget? _target;
    private readonly (int First, int Count)[] _depths;

    /// <summary>Plans the step.</summary>
    /// <param name="spec">The convolution.</param>
    /// <param name="target">Where the input's gradient goes, or null.</param>
    /// <param name="gradient">The output's gradient.</param>
    public GatherGradient(GatherSpec spec, GradientTarget? target, Feature gradient)
        : this(spec, target, gradient, [.. Cut(spec)])
    {
    }

    private GatherGradient(GatherSpec spec, GradientTarget? target, Feature gradient, (int First, int Count)[] depths)
        : base(spec.Weights, spec.Bias, gradient, depths, target is not null) =>
        (_spec, _target, _depths) = (spec, target, depths);

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        .. base.Slots, .. _spec.Input is { } input ? [input.Slot] : Array.Empty<ArenaSlot>(),
        .. _target is { } target ? [target.Gradient.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <inheritdoc/>
    protected override long TargetScratchFloats => HasTarget ? RowsOfBlock * (long)_spec.Weights.Depth : 0;

    /// <inheritdoc/>
    protected override int TargetChunks => Gradient.Batch;

    /// <inheritdoc/>
    protected override void CopyLeft(Call call, int depthChunk, int firstRow, int rows, float* panels, nint panelStride)
    {
        var (first, count) = _depths[depthChunk];
        if (_spec.Input is { } input)
        {
            var (tap, channel) = Math.DivRem(first, input.Stride);
            PatchGather.Tap(call, _spec, firstRow, rows, tap, channel, count / Gemm.PanelWidth, panels, panelStride);
        }
        else
        {
            PatchGather.Sample(call, _spec, firstRow, rows, first, count / Gemm.PanelWidth, panels, panelStride);
        }
    }

    /// <inheritdoc/>
    protected override void TargetChunk(Call call, int chunk, int slot)
    {
        var target = _target!;
        var gradient = target.Gradient;
        var start = call.At(gradient.Slot) + ((long)chunk * gradient.Pixels * gradient.Stride);
        if (!target.Accumulate)
        {
            new Span<float>(start, gradient.Pixels * gradient.Stride).Clear();
        }

        var patches = call.Scratch(slot);
        var depth = _spec.Weights.Depth;
        for (var pixel = 0; pixel < Gradient.Pixels; pixel += RowsOfBlock)
        {
            var rows = Math.Min(RowsOfBlock, Gradient.Pixels - pixel);
            Back(call, (chunk * Gradient.Pixels) + pixel, rows, 0, depth, patches, depth, accumulate: false);
            PatchGather.AddTo(_spec, start, pixel, rows, patches);
        }
    }
    // Of a tap, or of the patches of the sample.
    private static IEnumerable<(int First, int Count)> Cut(GatherSpec spec)
    {
        var (parts, length) = spec.Input is { } input ? (PatchGather.Taps, input.Stride) : (1, ChannelLayout.Pad(spec.Weights.Depth));
        for (var part = 0; part < parts; part++)
        {
            for (var column = 0; column < length; column += DepthOfChunk)
            {
                yield return ((part * length) + column, Math.Min(DepthOfChunk, length - column));
            }
        }
    }
}
