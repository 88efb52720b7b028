using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// The way back through C = A·B + bias: B' = Aᵀ·C', A' = C'·Bᵀ, bias' = column sums of C'. A chunk of the first is a block of B over all rows:
/// nothing is summed by several threads. What A is, and what becomes of A', is the derived class's.
/// </summary>
internal abstract unsafe class MatrixGradient : Step
{
    /// <summary>Panels of B in a chunk: the widest tile takes two.</summary>
    protected const int PanelsOfChunk = 2;

    /// <summary>Rows of B in a chunk: the block of B' stays in the first-level cache.</summary>
    protected const int DepthOfChunk = 64;

    // Rows of A and C' that are copied to panels and multiplied at a time: in row-major order a power of two of channels makes rows compete
    // for the same lines of the cache, and each is read for several tiles.
    private const int RowsAtOnce = 128;

    /// <summary>Rows of C' that A' is made of at a time.</summary>
    protected const int RowsOfBlock = 48;

    private readonly PackedVector? _bias;
    private readonly ArenaSlot _turned;
    private readonly ArenaSlot _sums;
    private readonly int _panelChunks;

    /// <summary>Plans the step.</summary>
    /// <param name="weights">B.</param>
    /// <param name="bias">The bias, or null if someone else looks after it.</param>
    /// <param name="gradient">C'.</param>
    /// <param name="hasTarget">Whether A' is wanted.</param>
    protected MatrixGradient(PackedMatrix weights, PackedVector? bias, Feature gradient, bool hasTarget)
    {
        (Weights, _bias, Gradient, HasTarget) = (weights, bias, gradient, hasTarget);
        _turned = new ArenaSlot(hasTarget ? (long)weights.Depth * gradient.Stride : 0);
        _sums = new ArenaSlot(gradient.Stride);
        _panelChunks = Chunks.Count(weights.Panels, PanelsOfChunk);
    }

    /// <summary>B.</summary>
    protected PackedMatrix Weights { get; }

    /// <summary>C'.</summary>
    protected Feature Gradient { get; }

    /// <summary>Whether A' is wanted.</summary>
    protected bool HasTarget { get; }

    /// <summary>Chunks of the depth.</summary>
    protected abstract int DepthChunks { get; }

    /// <summary>Chunks of A'.</summary>
    protected abstract int TargetChunks { get; }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [Gradient.Slot, _turned, _sums];

    /// <inheritdoc/>
    public sealed override long ScratchFloats => Math.Max(
        (PanelsOfChunk * DepthOfChunk * Gemm.PanelWidth) + (RowsAtOnce * ((PanelsOfChunk * Gemm.PanelWidth) + DepthOfChunk)), TargetScratchFloats);

    /// <summary>Floats that a chunk of A' needs.</summary>
    protected virtual long TargetScratchFloats => 0;

    /// <inheritdoc/>
    public sealed override void Run(Call call)
    {
        if (HasTarget)
        {
            call.For(this, 0, Weights.Depth / Gemm.PanelWidth);
        }

        call.For(this, 1, DepthChunks * _panelChunks);
        _bias?.Unpack(call.At(_sums), call.Gradients);
        if (HasTarget)
        {
            call.For(this, 2, TargetChunks);
        }
    }

    /// <inheritdoc/>
    public sealed override void Chunk(Call call, int phase, int chunk, int slot)
    {
        switch (phase)
        {
            case 0:
                Weights.Turn(chunk, call.At(_turned) + ((long)chunk * Gradient.Stride * Gemm.PanelWidth));
                break;
            case 1:
                WeightBlock(call, chunk, slot);
                break;
            default:
                TargetChunk(call, chunk, slot);
                break;
        }
    }

    /// <summary>Which rows of B a chunk of the depth has.</summary>
    protected abstract (int First, int Count) Depth(int chunk);

    /// <summary>Copies some rows of A, those columns that a chunk of the depth has, to panels.</summary>
    /// <param name="call">The call.</param>
    /// <param name="depthChunk">Which columns.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="panels">Receives them: 16 columns each, one a row of 16.</param>
    /// <param name="panelStride">Distance of panels.</param>
    protected abstract void CopyLeft(Call call, int depthChunk, int firstRow, int rows, float* panels, nint panelStride);

    /// <summary>Makes a chunk of A'.</summary>
    protected abstract void TargetChunk(Call call, int chunk, int slot);

    /// <summary>(+)= C'·Bᵀ for some rows and some of the depth.</summary>
    protected void Back(Call call, int firstRow, int rows, int firstDepth, int depth, float* target, nint stride, bool accumulate) => Gemm.Multiply(
        call.At(Gradient.Slot) + ((long)firstRow * Gradient.Stride), Gradient.Stride,
        call.At(_turned) + ((long)firstDepth * Gradient.Stride), (nint)Gradient.Stride * Gemm.PanelWidth,
        target, stride, rows, Gradient.Stride, depth / Gemm.PanelWidth, accumulate);

    private void WeightBlock(Call call, int chunk, int slot)
    {
        var (panelChunk, depthChunk) = Math.DivRem(chunk, DepthChunks);
        var firstPanel = panelChunk * PanelsOfChunk;
        var panels = Math.Min(PanelsOfChunk, Weights.Panels - firstPanel);
        var column = firstPanel * Gemm.PanelWidth;
        var right = call.At(Gradient.Slot) + column;
        if (depthChunk == 0)
        {
            ElementKernel.ColumnSums(right, Gradient.Stride, Gradient.Rows, panels * Gemm.PanelWidth, call.At(_sums) + column);
        }

        const int Panel = DepthOfChunk * Gemm.PanelWidth;
        const int CopyPanel = RowsAtOnce * Gemm.PanelWidth;
        var (first, count) = Depth(depthChunk);
        var block = call.Scratch(slot);
        var copiedRight = block + (PanelsOfChunk * Panel);
        var copiedLeft = copiedRight + (PanelsOfChunk * CopyPanel);
        for (var row = 0; row < Gradient.Rows; row += RowsAtOnce)
        {
            var rows = Math.Min(RowsAtOnce, Gradient.Rows - row);
            PanelRows.Copy(right + ((long)row * Gradient.Stride), Gradient.Stride, rows, panels, copiedRight, CopyPanel);
            CopyLeft(call, depthChunk, row, rows, copiedLeft, CopyPanel);
            PanelGemm.Transposed(
                new(copiedLeft, CopyPanel, Gemm.PanelWidth), new(copiedRight, CopyPanel, Gemm.PanelWidth),
                new(block, Panel, Gemm.PanelWidth * Gemm.PanelWidth), count, rows, panels, accumulate: row > 0);
        }

        for (var panel = 0; panel < panels; panel++)
        {
            Weights.Unpack(firstPanel + panel, first, count, block + (panel * Panel), call.Gradients);
        }
    }
}
