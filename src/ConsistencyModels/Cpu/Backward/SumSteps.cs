using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>target (+)= factor·source, of features of one shape.</summary>
internal sealed unsafe class AddStep(Feature source, Feature target, float factor, bool accumulate) : Step
{
    private readonly int _rows = Chunks.ByBytes(12.0 * source.Stride, source.Rows);

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [source.Slot, target.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, Chunks.Count(source.Rows, _rows));

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var first = (long)chunk * _rows * source.Stride;
        var rows = Math.Min(_rows, source.Rows - (chunk * _rows));
        ElementKernel.Add(call.At(source.Slot) + first, factor, call.At(target.Slot) + first, (long)rows * source.Stride, accumulate);
    }
}

/// <summary>The way back from an image whose pixels were each taken four times: sums of 2x2 pixels.</summary>
/// <param name="source">The gradient of the large image.</param>
/// <param name="target">Of half the size.</param>
internal sealed unsafe class AddSquaresStep(Feature source, GradientTarget target) : Step
{
    private readonly Feature _gradient = target.Gradient;

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [source.Slot, _gradient.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, _gradient.Batch * _gradient.Height);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var upper = call.At(source.Slot) + (2L * chunk * source.Width * source.Stride);
        ElementKernel.AddSquares(
            upper, upper + ((long)source.Width * source.Stride), call.At(_gradient.Slot) + ((long)chunk * _gradient.Width * _gradient.Stride),
            _gradient.Width, _gradient.Stride, target.Accumulate);
    }
}

/// <summary>The output of a normalization made again, where it was not kept.</summary>
/// <param name="norm">Whose.</param>
/// <param name="target">Where it goes.</param>
internal sealed class NormAgainStep(NormStep norm, Feature target) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [.. norm.Spec.Inputs.Select(input => input.Slot), norm.FactorSlot, target.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, norm.OutputChunks);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot) => norm.Apply(call, chunk, target, halvedInput: null);
}
