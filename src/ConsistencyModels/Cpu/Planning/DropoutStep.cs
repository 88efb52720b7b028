using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>Dropout in place: of an activation, and of its gradient with the same mask.</summary>
/// <param name="spec">What it does.</param>
/// <param name="target">What is changed.</param>
internal sealed unsafe class DropoutStep(DropoutSpec spec, Feature target) : Step
{
    private readonly int _rows = Chunks.ByBytes(8.0 * target.Stride, target.Pixels);

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [target.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, target.Batch * Chunks.Count(target.Pixels, _rows));

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var (image, part) = Math.DivRem(chunk, Chunks.Count(target.Pixels, _rows));
        var first = part * _rows;
        var number = (((long)(call.FirstImage + image) * target.Pixels) + first) * target.Stride;
        DropoutKernel.Apply(
            call.At(target.Slot) + ((((long)image * target.Pixels) + first) * target.Stride),
            Math.Min(_rows, target.Pixels - first) * target.Stride, DropoutKernel.Key(call.DropoutSeed, spec.Layer), number, spec.Probability);
    }
}

/// <summary>A layer's dropout.</summary>
/// <param name="Output">What it is applied to.</param>
/// <param name="Layer">Its number: masks of layers differ.</param>
/// <param name="Probability">In (0, 1).</param>
internal sealed record DropoutSpec(Feature Output, int Layer, double Probability);
