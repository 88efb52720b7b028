namespace ConsistencyModels.Cpu;

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
