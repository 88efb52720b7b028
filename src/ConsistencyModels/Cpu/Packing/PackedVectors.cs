using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>Biases or factors of channels, one after another from several parameters; padding holds zeros.</summary>
internal sealed unsafe class PackedVector(IReadOnlyList<(string Parameter, ChannelLayout Layout)> parts) : PackedTensor
{
    /// <summary>Number of values.</summary>
    public int Length { get; } = parts.Sum(part => part.Layout.Padded);

    /// <inheritdoc/>
    public override long Bytes => Length * sizeof(float);

    /// <inheritdoc/>
    public override string Layout =>
        $"vector {string.Join("; ", parts.Select(part => $"{part.Parameter} {part.Layout}"))}";

    /// <summary>The values.</summary>
    public float* Values => (float*)Pointer;

    /// <inheritdoc/>
    public override void Pack(WeightReader reader, ParallelRunner parallel)
    {
        var offset = 0;
        foreach (var (parameter, layout) in parts)
        {
            var target = Values + offset;
            reader.Read(parameter, values =>
            {
                var logical = layout.Logical;
                var logicalValues = new float[layout.Channels];
                values.CopyTo(0, logicalValues);
                for (var i = 0; i < logical.Length; i++)
                {
                    target[i] = logical[i] < 0 ? 0 : logicalValues[logical[i]];
                }
            });
            offset += layout.Padded;
        }
    }
}

/// <summary>An embedding: rows of values, each padded with zeros.</summary>
internal sealed unsafe class PackedTable(string parameter, int rows, ChannelLayout layout) : PackedTensor
{
    /// <inheritdoc/>
    public override long Bytes => (long)rows * layout.Padded * sizeof(float);

    /// <inheritdoc/>
    public override string Layout => $"table {parameter} {rows} {layout}";

    /// <summary>One row.</summary>
    public float* Row(int index) => (float*)Pointer + ((long)index * layout.Padded);

    /// <inheritdoc/>
    public override void Pack(WeightReader reader, ParallelRunner parallel) => reader.Read(parameter, values =>
    {
        for (var row = 0; row < rows; row++)
        {
            var target = new Span<float>(Row(row), layout.Padded);
            values.CopyTo((long)row * layout.Channels, target[..layout.Channels]);
            target[layout.Channels..].Clear();
        }
    });
}
