namespace ConsistencyModels.Cpu;

/// <summary>Work that is split in chunks, which any thread may execute in any order.</summary>
internal interface IParallelWork
{
    /// <summary>Executes one chunk. What is computed may depend on the chunk, never on the slot.</summary>
    /// <param name="chunk">0 to below the number of chunks.</param>
    /// <param name="slot">Which of the region's threads this is: it owns the scratch memory of that number.</param>
    void Execute(int chunk, int slot);
}
