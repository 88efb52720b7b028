using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>One step of a plan. It holds no state of a call, so calls of the same plan may run at once.</summary>
internal abstract class Step
{
    /// <summary>Memory it reads and writes.</summary>
    public abstract IEnumerable<ArenaSlot> Slots { get; }

    /// <summary>Floats a thread needs while it executes a chunk: <see cref="Call.Scratch"/>.</summary>
    public virtual long ScratchFloats => 0;

    /// <summary>Executes it: one or more phases through <see cref="Call.For"/>.</summary>
    public abstract void Run(Call call);

    /// <summary>Executes one chunk of a phase.</summary>
    public abstract void Chunk(Call call, int phase, int chunk, int slot);
}
