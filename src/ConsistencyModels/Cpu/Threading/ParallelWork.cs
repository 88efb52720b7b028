namespace ConsistencyModels.Cpu.Threading;

/// <summary>Work that is split in chunks, which any thread may execute in any order.</summary>
internal interface IParallelWork
{
    /// <summary>Executes one chunk. What is computed may depend on the chunk, never on the slot.</summary>
    /// <param name="chunk">0 to below the number of chunks.</param>
    /// <param name="slot">Which of the region's threads this is: it owns the scratch memory of that number.</param>
    void Execute(int chunk, int slot);
}

/// <summary>Runs delegates on a region: for loading, where an allocation does not matter.</summary>
internal sealed class ParallelRunner(WorkRegion region) : IParallelWork
{
    private Action<int>? _body;

    /// <summary>Executes the body for 0 to below <paramref name="chunks"/>.</summary>
    public void For(int chunks, Action<int> body)
    {
        _body = body;
        region.Run(this, chunks);
    }

    /// <inheritdoc/>
    public void Execute(int chunk, int slot) => _body!(chunk);
}
