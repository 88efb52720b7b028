using ConsistencyModels.Cpu.Kernels;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>A linear layer: one matrix product over the pixels of the batch.</summary>
internal sealed unsafe class LinearStep : Step
{
    // A multiple of every tile's rows; with a depth of 1024 a block of A takes 400 KB of the second-level cache.
    private const int RowsOfBlock = 96;

    // From here on threads are busy with whole blocks of rows, which are theirs in the layers before and after too.
    private const int ManyBlocks = 8;

    private readonly LinearSpec _spec;
    private readonly int _rowBlocks;
    private readonly int _panelsOfChunk;
    private readonly int _panelChunks;
    private readonly bool _byRows;

    /// <summary>Plans the step.</summary>
    public LinearStep(LinearSpec spec)
    {
        _spec = spec;
        _rowBlocks = Chunks.Count(spec.Output.Rows, RowsOfBlock);
        var rows = Math.Min(spec.Output.Rows, RowsOfBlock);
        var pairs = Chunks.Count(spec.Weights.Panels, 2); // the widest tile takes two panels
        _panelsOfChunk = 2 * Chunks.ByOperations(2.0 * rows * spec.Weights.Depth * Gemm.PanelWidth, pairs);
        _panelChunks = Chunks.Count(spec.Weights.Panels, _panelsOfChunk);
        _byRows = _rowBlocks >= ManyBlocks;
    }

    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots =>
    [
        .. _spec.Inputs.Select(input => input.Slot), _spec.Output.Slot,
        .. _spec.Residual is { } residual ? [residual.Slot] : Array.Empty<ArenaSlot>(),
    ];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, _rowBlocks * _panelChunks);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        // Where a thread has many blocks of rows, it takes the whole of each; else neighbouring chunks share the weights,
        // which are what does not fit the cache.
        var (part, rowBlock) = _byRows ? (chunk % _panelChunks, chunk / _panelChunks) : Math.DivRem(chunk, _rowBlocks);
        var firstRow = rowBlock * RowsOfBlock;
        var rows = Math.Min(RowsOfBlock, _spec.Output.Rows - firstRow);
        var firstPanel = part * _panelsOfChunk;
        var panels = Math.Min(_panelsOfChunk, _spec.Weights.Panels - firstPanel);
        var column = firstPanel * Gemm.PanelWidth;
        var output = _spec.Output;
        var c = call.At(output.Slot) + ((long)firstRow * output.Stride) + column;

        // What is already in the output is its own residual: the product adds to it.
        var inPlace = _spec.Residual == output;
        var depth = 0;
        foreach (var input in _spec.Inputs)
        {
            var a = call.At(input.Slot) + ((long)firstRow * input.Stride);
            _spec.Weights.Multiply(a, input.Stride, depth, input.Stride, firstPanel, panels, c, output.Stride, rows, inPlace || depth > 0);
            depth += input.Stride;
        }

        var residual = _spec.Residual is { } added && !inPlace ? call.At(added.Slot) + ((long)firstRow * added.Stride) + column : null;
        Epilogue.Apply(
            c, output.Stride, rows, panels * Gemm.PanelWidth, _spec.Bias.Values + column, residual, _spec.Residual?.Stride ?? 0, _spec.Scale, _spec.SiLU);
    }
}

/// <summary>A linear layer over pixels: a 1x1 convolution, or attention's projections.</summary>
internal sealed record LinearSpec
{
    /// <summary>One feature, or two of the same size whose channels are concatenated.</summary>
    public required Feature[] Inputs { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights.</summary>
    public required PackedMatrix Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>A feature that is added, or null. May be the output.</summary>
    public Feature? Residual { get; init; }

    /// <summary>Factor of the sum.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Whether SiLU follows.</summary>
    public bool SiLU { get; init; }
}
