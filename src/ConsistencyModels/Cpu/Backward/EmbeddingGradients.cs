using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The way back through SiLU of an embedding, and to the vectors of the classes that were added before.</summary>
/// <param name="spec">The layer.</param>
/// <param name="target">Where the embedding's gradient goes: nothing is there yet.</param>
/// <param name="gradient">The result's gradient.</param>
internal sealed unsafe class ActivationGradient(ActivationSpec spec, Feature target, Feature gradient) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [spec.Input.Slot, target.Slot, gradient.Slot];

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        call.For(this, 0, target.Batch);
        if (spec.Classes is { } classes)
        {
            // One after the other: images of one class share a vector.
            for (var image = 0; image < target.Batch; image++)
            {
                classes.Unpack(call.Labels[image], call.At(target.Slot) + ((long)image * target.Stride), call.Gradients);
            }
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var offset = (long)chunk * target.Stride;
        var added = spec.Classes is null ? null : spec.Classes.Row(call.Labels[chunk]);
        ElementKernel.SiLUGradient(call.At(spec.Input.Slot) + offset, added, call.At(gradient.Slot) + offset, call.At(target.Slot) + offset, target.Stride);
    }
}

/// <summary>The gradient of what augmentation labels are projected with.</summary>
/// <param name="spec">The layer.</param>
/// <param name="gradient">The embedding's gradient.</param>
internal sealed unsafe class AugmentGradient(AugmentSpec spec, Feature gradient) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [gradient.Slot];

    /// <inheritdoc/>
    public override long ScratchFloats => (long)spec.Weights.Depth * Gemm.PanelWidth;

    /// <inheritdoc/>
    public override void Run(Call call)
    {
        if (call.AugmentLabels is not null)
        {
            call.For(this, 0, spec.Weights.Panels);
        }
    }

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var labels = spec.Weights.Depth;
        var block = call.Scratch(slot);
        new Span<float>(block, labels * Gemm.PanelWidth).Clear();
        for (var image = 0; image < gradient.Batch; image++)
        {
            var column = call.At(gradient.Slot) + ((long)image * gradient.Stride) + (chunk * Gemm.PanelWidth);
            for (var label = 0; label < labels; label++)
            {
                ElementKernel.Add(column, call.AugmentLabels[((long)image * labels) + label], block + (label * Gemm.PanelWidth), Gemm.PanelWidth, accumulate: true);
            }
        }

        spec.Weights.Unpack(chunk, 0, labels, block, call.Gradients);
    }
}

/// <summary>The way back through attention.</summary>
/// <param name="spec">The layer.</param>
/// <param name="target">The projections' gradient: nothing is there yet.</param>
/// <param name="gradient">The result's gradient.</param>
internal sealed unsafe class AttentionGradientStep(AttentionSpec spec, Feature target, Feature gradient) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [spec.Projected.Slot, target.Slot, gradient.Slot];

    /// <inheritdoc/>
    public override long ScratchFloats => AttentionGradient.ScratchFloats(gradient.Pixels, spec.HeadDim);

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, gradient.Batch * spec.Heads);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var (image, head) = Math.DivRem(chunk, spec.Heads);
        var inner = spec.Heads * spec.HeadDim;
        var start = call.At(target.Slot) + ((long)image * target.Pixels * target.Stride);
        AttentionGradient.Run(
            Places(call.At(spec.Projected.Slot) + ((long)image * target.Pixels * target.Stride), head), gradient.Pixels, spec.HeadDim, spec.Scale,
            call.At(gradient.Slot) + ((long)image * gradient.Pixels * gradient.Stride) + (head * spec.HeadDim), gradient.Stride,
            Places(start, head), call.Scratch(slot));
        if (head == spec.Heads - 1 && inner < spec.Part)
        {
            for (var row = 0; row < 3 * target.Pixels; row++)
            {
                new Span<float>(start + ((long)row * spec.Part) + inner, spec.Part - inner).Clear();
            }
        }
    }

    private HeadPlaces Places(float* projected, int head)
    {
        var query = projected + (head * spec.HeadDim);
        return new() { Query = query, Key = query + spec.Part, Value = query + (2 * spec.Part), Stride = spec.Projected.Stride };
    }
}
