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
internal sealed class ParallelRunner(WorkRegion region, CancellationToken cancellationToken) : IParallelWork
{
    private Action<int>? _body;

    /// <summary>Whose threads these are.</summary>
    public ComputePool Pool => region.Pool;

    /// <summary>Executes the body for 0 to below <paramref name="chunks"/>.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; some chunks were not executed.</exception>
    public void For(int chunks, Action<int> body)
    {
        ThrowIfCancelled();
        _body = body;
        region.Run(this, chunks);
        ThrowIfCancelled();
    }

    /// <summary>For work between the parallel parts.</summary>
    public void ThrowIfCancelled() => cancellationToken.ThrowIfCancellationRequested();

    /// <inheritdoc/>
    public void Execute(int chunk, int slot)
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            _body!(chunk);
        }
    }
}
