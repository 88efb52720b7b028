
namespace ConsistencyModels.Cpu;

/// <summary>Adds the class embedding, if there is one, and applies the SiLU that every residual block starts its projection with.</summary>
internal sealed unsafe class ClassStep(Feature embedding, PackedTable? table, int batch) : Step
{
    /// <inheritdoc/>
    public override IEnumerable<ArenaSlot> Slots => [embedding.Slot];

    /// <inheritdoc/>
    public override void Run(Call call) => call.For(this, 0, batch);

    /// <inheritdoc/>
    public override void Chunk(Call call, int phase, int chunk, int slot)
    {
        var x = call.At(embedding.Slot) + ((long)chunk * embedding.Stride);
        var added = table is null ? null : table.Row(call.Labels[chunk]);
        for (var i = 0; i < embedding.Stride; i += Floats128.Count)
        {
            var value = Floats128.Load(x + i);
            Floats128.Store(VectorMath.SiLU(added is null ? value : value + Floats128.Load(added + i)), x + i);
        }
    }
}
