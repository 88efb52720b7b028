using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>The way back through a linear layer.</summary>
internal sealed unsafe class LinearGradient : MatrixGradient
{
    private readonly Feature[] _inputs;
    private readonly GradientTarget?[] _targets;
    private readonly (int Input, int Column, int Count)[] _places;

    /// <summary>Plans the step.</summary>
    /// <param name="inputs">What the layer read.</param>
    /// <param name="targets">For each input where its gradient goes, or null.</param>
    /// <param name="weights">Weights.</param>
    /// <param name="bias">Bias, or null.</param>
    /// <param name="gradient">The output's gradient.</param>
    public LinearGradient(Feature[] inputs, GradientTarget?[] targets, PackedMatrix weights, PackedVector? bias, Feature gradient)
        : this(inputs, targets, weights, bias, gradient, [.. Cut(inputs)])
    {
    }

    private LinearGradient(
        Feature[] inputs, GradientTarget?[] targets, PackedMatrix weights, PackedVector? bias, Feature gradient, (int Input, int Column, int First, int Count)[] chunks)
        : base(weights, bias, gradient, [.. chunks.Select(chunk => (chunk.First, chunk.Count))], targets.Any(target => target is not null))
    {
        (_inputs, _targets) = (inputs, targets);
        _places = [.. chunks.Select(chunk => (chunk.Input, chunk.Column, chunk.Count))];
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
        [.. base.Slots, .. _inputs.Select(input => input.Slot), .. _targets.OfType<GradientTarget>().Select(target => target.Gradient.Slot)];

    /// <inheritdoc/>
    protected override int TargetChunks => Chunks.Count(Gradient.Rows, RowsOfBlock);

    /// <inheritdoc/>
    protected override bool TargetIsByRows => true;

    /// <inheritdoc/>
    protected override void CopyLeft(Call call, int depthChunk, int firstRow, int rows, float* panels, nint panelStride)
    {
        var (i, column, count) = _places[depthChunk];
        var input = _inputs[i];
        PanelRows.Copy(
            call.At(input.Slot) + ((long)firstRow * input.Stride) + column, input.Stride, rows, count / Gemm.PanelWidth, panels, panelStride);
    }

    /// <inheritdoc/>
    protected override void TargetChunk(Call call, int chunk, int slot) =>
        TargetRows(call, chunk * RowsOfBlock, Math.Min(RowsOfBlock, Gradient.Rows - (chunk * RowsOfBlock)));

    /// <inheritdoc/>
    protected override void TargetRows(Call call, int firstRow, int rows)
    {
        var depth = 0;
        for (var i = 0; i < _inputs.Length; i++)
        {
            var stride = _inputs[i].Stride;
            if (_targets[i] is { } target)
            {
                Back(call, firstRow, rows, depth, stride, call.At(target.Gradient.Slot) + ((long)firstRow * stride), stride, target.Accumulate);
            }

            depth += stride;
        }
    }

    private static IEnumerable<(int Input, int Column, int First, int Count)> Cut(Feature[] inputs)
    {
        var depth = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            for (var column = 0; column < inputs[i].Stride; column += DepthOfChunk)
            {
                yield return (i, column, depth + column, Math.Min(DepthOfChunk, inputs[i].Stride - column));
            }

            depth += inputs[i].Stride;
        }
    }
}
