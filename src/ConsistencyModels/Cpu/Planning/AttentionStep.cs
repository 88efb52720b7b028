using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Attention between the pixels of an image, given queries, keys and values side by side.</summary>
internal sealed unsafe class AttentionStep : Step
{
    private readonly Feature _projected;
    private readonly Feature _output;
    private readonly int _batch;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly int _tokens;
    private readonly int _part;
    private readonly int _queryBlocks;
    private readonly long _keyFloats;
    private readonly long _valueFloats;
    private readonly ArenaSlot _packed;
    private readonly float _scale;

    /// <summary>Plans the step.</summary>
    /// <param name="spec">What it does.</param>
    /// <param name="batch">Images.</param>
    public AttentionStep(AttentionSpec spec, int batch)
    {
        (_projected, _output, _heads, _headDim, _batch) = (spec.Projected, spec.Output, spec.Heads, spec.HeadDim, batch);
        _tokens = _output.Pixels;
        (_part, _scale) = (spec.Part, spec.Scale);
        _queryBlocks = Chunks.Count(_tokens, AttentionKernel.QueryBlock);
        _keyFloats = (long)ChannelLayout.Pad(_tokens) * _headDim;
        _valueFloats = (long)ChannelLayout.Pad(_tokens) * ChannelLayout.Pad(_headDim);
        _packed = new ArenaSlot(batch * _heads * (_keyFloats + _valueFloats));
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [_projected.Slot, _output.Slot, _packed];

    /// <inheritdoc/>
    public override long ScratchFloats => AttentionKernel.ScratchFloats(_headDim);

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        call.For(this, 0, _batch * _heads);
        call.For(this, 1, _batch * _heads * _queryBlocks);
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var (imageHead, block) = phase == 0 ? (chunk, 0) : Math.DivRem(chunk, _queryBlocks);
        var (image, head) = Math.DivRem(imageHead, _heads);
        var keys = call.At(_packed) + (imageHead * (_keyFloats + _valueFloats));
        var values = keys + _keyFloats;
        var projected = call.At(_projected.Slot) + ((long)image * _tokens * _projected.Stride) + (head * _headDim);
        if (phase == 0)
        {
            AttentionKernel.PackKeys(projected + _part, _projected.Stride, _tokens, _headDim, keys);
            AttentionKernel.PackValues(projected + (2 * _part), _projected.Stride, _tokens, _headDim, values);
            return;
        }

        var first = block * AttentionKernel.QueryBlock;
        var count = Math.Min(AttentionKernel.QueryBlock, _tokens - first);
        var output = call.At(_output.Slot) + ((((long)image * _tokens) + first) * _output.Stride);
        AttentionKernel.Attend(
            projected + ((long)first * _projected.Stride), _projected.Stride, count, keys, values, _tokens, _headDim,
            _scale, output + (head * _headDim), _output.Stride, call.Scratch(slot));
        if (head == _heads - 1)
        {
            var inner = _heads * _headDim;
            for (var row = 0; row < count; row++)
            {
                new Span<float>(output + ((long)row * _output.Stride) + inner, _output.Stride - inner).Clear();
            }
        }
    }
}

/// <summary>What an <see cref="AttentionStep"/> does.</summary>
/// <param name="Projected">Queries, keys and values: three segments.</param>
/// <param name="Output">The heads' results side by side.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Channels of a head; scores are scaled by 1/√HeadDim.</param>
internal sealed record AttentionSpec(Feature Projected, Feature Output, int Heads, int HeadDim)
{
    /// <summary>Floats of a segment.</summary>
    public int Part => ChannelLayout.Pad(Heads * HeadDim);

    /// <summary>Factor of the scores.</summary>
    public float Scale => 1 / MathF.Sqrt(HeadDim);
}
