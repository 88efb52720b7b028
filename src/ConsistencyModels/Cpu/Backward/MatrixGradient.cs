using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;

namespace ConsistencyModels.Cpu.Backward;

/// <summary>
/// The way back through C = A·B + bias: B' = Aᵀ·C', A' = C'·Bᵀ, bias' = column sums of C'. A chunk of the first is a block of B' for a part of
/// the rows; the parts' sums are added in their order. What A is, and what becomes of A', is the derived class's.
/// </summary>
internal abstract unsafe class MatrixGradient : Step
{
    /// <summary>Columns of A in a chunk of the depth, or fewer.</summary>
    protected const int DepthOfChunk = 64;

    /// <summary>Rows of C' that A' is made of at a time.</summary>
    protected const int RowsOfBlock = 48;

    private const int Width = Gemm.PanelWidth;

    // Rows of A and C' that are copied to panels and multiplied at a time: in row-major order a power of two of channels makes rows compete
    // for the same lines of the cache, and each is read for several tiles.
    private const int RowsAtOnce = 128;

    private readonly PackedVector? _bias;
    private readonly (int First, int Count)[] _depths;
    private readonly int _depth;
    private readonly MatrixCut _cut;
    private readonly int _panelBlocks;
    private readonly int _depthBlocks;
    private readonly ArenaSlot _turned;
    private readonly ArenaSlot _sums;
    private readonly ArenaSlot _products;

    /// <summary>Plans the step.</summary>
    /// <param name="weights">B.</param>
    /// <param name="bias">The bias, or null if someone else looks after it.</param>
    /// <param name="gradient">C'.</param>
    /// <param name="depths">Chunks of A's columns, from left to right: multiples of 16, at most <see cref="DepthOfChunk"/> each.</param>
    /// <param name="hasTarget">Whether A' is wanted.</param>
    protected MatrixGradient(PackedMatrix weights, PackedVector? bias, Feature gradient, (int First, int Count)[] depths, bool hasTarget)
    {
        (Weights, _bias, Gradient, HasTarget, _depths) = (weights, bias, gradient, hasTarget, depths);
        _depth = depths[^1].First + depths[^1].Count;
        _cut = MatrixCut.Choose(gradient.Rows, _depth, depths.Length, weights.Panels);
        _panelBlocks = Chunks.Count(weights.Panels, _cut.Panels);
        _depthBlocks = Chunks.Count(depths.Length, _cut.Depths);
        _turned = new ArenaSlot(hasTarget ? (long)weights.Depth * gradient.Stride : 0);
        _sums = new ArenaSlot((long)_cut.Parts * gradient.Stride);
        _products = new ArenaSlot(_cut.Parts * ProductFloats);
    }

    /// <summary>B.</summary>
    protected PackedMatrix Weights { get; }

    /// <summary>C'.</summary>
    protected Feature Gradient { get; }

    /// <summary>Whether A' is wanted.</summary>
    protected bool HasTarget { get; }

    /// <summary>Chunks of A', where it is not made with B'.</summary>
    protected abstract int TargetChunks { get; }

    /// <summary>Whether <see cref="TargetRows"/> makes A', a row from a row.</summary>
    protected virtual bool TargetIsByRows => false;

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [Gradient.Slot, _turned, _sums, _products];

    /// <inheritdoc/>
    public sealed override long ScratchFloats => Math.Max(RowsAtOnce * ((_cut.Panels * (long)Width) + (_cut.Depths * DepthOfChunk)), TargetScratchFloats);

    /// <summary>Floats that a chunk of A' needs.</summary>
    protected virtual long TargetScratchFloats => 0;

    private long ProductFloats => (long)Weights.Panels * _depth * Width;

    // Rows of C' are then read once for both.
    private bool TargetWithProduct => HasTarget && TargetIsByRows && _panelBlocks * _depthBlocks == 1;

    /// <inheritdoc/>
    public sealed override void Run(Call call)
    {
        if (HasTarget)
        {
            call.For(this, 0, Weights.Depth / Width);
        }

        call.For(this, 1, _cut.Parts * _panelBlocks * _depthBlocks);
        call.For(this, 2, Weights.Panels * _depths.Length);
        if (_bias is not null)
        {
            ElementKernel.ColumnSums(call.At(_sums), Gradient.Stride, _cut.Parts, Weights.Panels * Width, call.At(_sums));
            _bias.Unpack(call.At(_sums), call.Gradients);
        }

        if (HasTarget && !TargetWithProduct)
        {
            call.For(this, 3, TargetChunks);
        }
    }

    /// <inheritdoc/>
    public sealed override void Chunk(Call call, int phase, int chunk, int slot)
    {
        switch (phase)
        {
            case 0:
                Weights.Turn(chunk, call.At(_turned) + ((long)chunk * Gradient.Stride * Width));
                break;
            case 1:
                Block(call, chunk, slot);
                break;
            case 2:
                Unpack(call, chunk);
                break;
            default:
                TargetChunk(call, chunk, slot);
                break;
        }
    }

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

    /// <summary>Makes some rows of A'.</summary>
    protected virtual void TargetRows(Call call, int firstRow, int rows) => throw new NotSupportedException();

    /// <summary>(+)= C'·Bᵀ for some rows and some of the depth.</summary>
    protected void Back(Call call, int firstRow, int rows, int firstDepth, int depth, float* target, nint stride, bool accumulate) => Gemm.Multiply(
        call.At(Gradient.Slot) + ((long)firstRow * Gradient.Stride), Gradient.Stride,
        call.At(_turned) + ((long)firstDepth * Gradient.Stride), (nint)Gradient.Stride * Width,
        target, stride, rows, Gradient.Stride, depth / Width, accumulate);

    private void Block(Call call, int chunk, int slot)
    {
        const int CopyPanel = RowsAtOnce * Width;
        var (part, block) = Math.DivRem(chunk, _panelBlocks * _depthBlocks);
        var (depthBlock, panelBlock) = Math.DivRem(block, _panelBlocks);
        var (panel, firstDepth) = (panelBlock * _cut.Panels, depthBlock * _cut.Depths);
        var (panels, endDepth) = (Math.Min(_cut.Panels, Weights.Panels - panel), Math.Min(_depths.Length, firstDepth + _cut.Depths));
        var (left, depth) = (_depths[firstDepth].First, _depths[endDepth - 1].First + _depths[endDepth - 1].Count - _depths[firstDepth].First);
        float* copiedRight = call.Scratch(slot), copiedLeft = copiedRight + (_cut.Panels * CopyPanel);
        var product = call.At(_products) + (part * ProductFloats) + ((((long)panel * _depth) + left) * Width);
        var (first, end) = ((int)((long)Gradient.Rows * part / _cut.Parts), (int)((long)Gradient.Rows * (part + 1) / _cut.Parts));
        for (var row = first; row < end; row += RowsAtOnce)
        {
            var rows = Math.Min(RowsAtOnce, end - row);
            PanelRows.Copy(call.At(Gradient.Slot) + ((long)row * Gradient.Stride) + (panel * Width), Gradient.Stride, rows, panels, copiedRight, CopyPanel);
            for (var i = firstDepth; i < endDepth; i++)
            {
                CopyLeft(call, i, row, rows, copiedLeft + ((_depths[i].First - left) * (nint)RowsAtOnce), CopyPanel);
            }

            PanelGemm.Transposed(
                new(copiedLeft, CopyPanel, Width), new(copiedRight, CopyPanel, Width), new(product, (nint)_depth * Width, Width * Width),
                depth, rows, panels, accumulate: row > first);
            if (depthBlock == 0)
            {
                AddRows(copiedRight, CopyPanel, rows, panels, call.At(_sums) + ((long)part * Gradient.Stride) + (panel * Width), accumulate: row > first);
            }

            for (var i = 0; TargetWithProduct && i < rows; i += RowsOfBlock)
            {
                TargetRows(call, row + i, Math.Min(RowsOfBlock, rows - i));
            }
        }
    }

    private static void AddRows(float* copied, nint copyPanel, int rows, int panels, float* sums, bool accumulate)
    {
        var sum = stackalloc float[Width];
        for (var panel = 0; panel < panels; panel++)
        {
            ElementKernel.ColumnSums(copied + (panel * copyPanel), Width, rows, Width, sum);
            ElementKernel.Add(sum, 1, sums + (panel * Width), Width, accumulate);
        }
    }

    // The parts' sums of a panel and a chunk of the depth, in their order.
    private void Unpack(Call call, int chunk)
    {
        var (panel, depthChunk) = Math.DivRem(chunk, _depths.Length);
        var (first, count) = _depths[depthChunk];
        var sum = call.At(_products) + ((((long)panel * _depth) + first) * Width);
        for (var part = 1; part < _cut.Parts; part++)
        {
            ElementKernel.Add(sum + (part * ProductFloats), 1, sum, count * Width, accumulate: true);
        }

        Weights.Unpack(panel, first, count, sum, call.Gradients);
    }
}
