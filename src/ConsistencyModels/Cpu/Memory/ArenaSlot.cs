namespace ConsistencyModels.Cpu;

/// <summary>A piece of the arena that lives from one step of a plan to another.</summary>
internal sealed class ArenaSlot(long floats)
{
    /// <summary>Size.</summary>
    public long Floats { get; } = floats;

    /// <summary>Where it lies in the arena, in floats; set by <see cref="ArenaPlanner"/>.</summary>
    public long Offset { get; set; } = -1;

    /// <summary>Index of the first step that uses it.</summary>
    public int First { get; private set; } = int.MaxValue;

    /// <summary>Index of the last step that uses it.</summary>
    public int Last { get; private set; } = -1;

    /// <summary>Notes that a step reads or writes it.</summary>
    public void UsedBy(int step)
    {
        First = Math.Min(First, step);
        Last = Math.Max(Last, step);
    }
}
