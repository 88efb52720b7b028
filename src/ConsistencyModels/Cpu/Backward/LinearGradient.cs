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
    private readonly List<(int Input, int Column, int First, int Count)> _depths = [];

    /// <summary>Plans the step.</summary>
    /// <param name="inputs">What the layer read.</param>
    /// <param name="targets">For each input where its gradient goes, or null.</param>
    /// <param name="weights">Weights.</param>
    /// <param name="bias">Bias, or null.</param>
    /// <param name="gradient">The output's gradient.</param>
    public LinearGradient(Feature[] inputs, GradientTarget?[] targets, PackedMatrix weights, PackedVector? bias, Feature gradient)
        : base(weights, bias, gradient, targets.Any(target => target is not null))
    {
        (_inputs, _targets) = (inputs, targets);
        var depth = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            for (var column = 0; column < inputs[i].Stride; column += DepthOfChunk)
            {
                _depths.Add((i, column, depth + column, Math.Min(DepthOfChunk, inputs[i].Stride - column)));
            }

            depth += inputs[i].Stride;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
        [.. base.Slots, .. _inputs.Select(input => input.Slot), .. _targets.OfType<GradientTarget>().Select(target => target.Gradient.Slot)];

    /// <inheritdoc/>
    protected override int DepthChunks => _depths.Count;

    /// <inheritdoc/>
    protected override int TargetChunks => Chunks.Count(Gradient.Rows, RowsOfBlock);

    /// <inheritdoc/>
    protected override (int First, int Count) Depth(int chunk) => (_depths[chunk].First, _depths[chunk].Count);

    /// <inheritdoc/>
    protected override void CopyLeft(Call call, int depthChunk, int firstRow, int rows, float* panels, nint panelStride)
    {
        var (i, column, _, count) = _depths[depthChunk];
        var input = _inputs[i];
        PanelRows.Copy(
            call.At(input.Slot) + ((long)firstRow * input.Stride) + column, input.Stride, rows, count / Gemm.PanelWidth, panels, panelStride);
    }

    /// <inheritdoc/>
    protected override void TargetChunk(Call call, int chunk, int slot)
    {
        var first = chunk * RowsOfBlock;
        var rows = Math.Min(RowsOfBlock, Gradient.Rows - first);
        var depth = 0;
        for (var i = 0; i < _inputs.Length; i++)
        {
            var stride = _inputs[i].Stride;
            if (_targets[i] is { } target)
            {
                Back(call, first, rows, depth, stride, call.At(target.Gradient.Slot) + ((long)first * stride), stride, target.Accumulate);
            }

            depth += stride;
        }
    }
}
