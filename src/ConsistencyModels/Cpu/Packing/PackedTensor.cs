using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>Weights in the order in which a kernel reads them, somewhere in the network's one block of packed memory.</summary>
internal abstract unsafe class PackedTensor
{
    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>What its bytes depend on beside the parameters' values, as text.</summary>
    public abstract string Layout { get; }

    /// <summary>Where it lies in the block.</summary>
    public long Offset { get; set; }

    /// <summary>Its memory, once the block exists.</summary>
    public byte* Pointer { get; set; }

    /// <summary>Fills it from a checkpoint.</summary>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="parallel">Runs chunks on the pool's threads.</param>
    public abstract void Pack(WeightReader reader, ParallelRunner parallel);
}
