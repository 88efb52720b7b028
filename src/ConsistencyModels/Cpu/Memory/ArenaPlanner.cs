namespace ConsistencyModels.Cpu.Memory;

/// <summary>
/// Places slots in one arena so that slots alive at the same time do not overlap. Largest first, each at the lowest
/// free place: offline, this comes close to the peak of what is alive at once.
/// </summary>
internal static class ArenaPlanner
{
    private const int Alignment = 16; // floats: a cache line

    // Buffers whose distance is a multiple of 4096 bytes compete for the same sets of a cache.
    private const int Stagger = 16;

    /// <summary>Sets every slot's offset and returns the arena's size in floats.</summary>
    public static long Place(IEnumerable<ArenaSlot> slots)
    {
        var placed = new List<ArenaSlot>();
        long size = 0;
        foreach (var slot in slots.OrderByDescending(slot => slot.Floats).ThenBy(slot => slot.First))
        {
            long offset = 0;
            foreach (var other in placed.Where(other => other.First <= slot.Last && slot.First <= other.Last).OrderBy(other => other.Offset))
            {
                if (offset + slot.Floats + Stagger <= other.Offset)
                {
                    break;
                }

                offset = Math.Max(offset, RoundUp(other.Offset + other.Floats + Stagger));
            }

            slot.Offset = offset;
            placed.Add(slot);
            size = Math.Max(size, offset + slot.Floats);
        }

        return RoundUp(size);
    }

    private static long RoundUp(long floats) => (floats + Alignment - 1) / Alignment * Alignment;
}

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
