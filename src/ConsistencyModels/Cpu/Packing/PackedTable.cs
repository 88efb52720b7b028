namespace ConsistencyModels.Cpu;

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
