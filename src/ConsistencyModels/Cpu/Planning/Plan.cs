using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>The network compiled for one shape: steps in order, and where in the arena everything lies. Holds no memory of its own.</summary>
internal sealed class Plan
{
    // Measured: a step with its features.
    private const long BytesOfStep = 300;

    private readonly Step[] _steps;

    /// <summary>Places the steps' memory.</summary>
    public Plan(IEnumerable<Step> steps)
    {
        _steps = [.. steps];
        var slots = new HashSet<ArenaSlot>();
        for (var i = 0; i < _steps.Length; i++)
        {
            foreach (var slot in _steps[i].Slots)
            {
                slot.UsedBy(i);
                slots.Add(slot);
            }
        }

        ArenaFloats = ArenaPlanner.Place(slots);
        ScratchFloats = _steps.Max(step => step.ScratchFloats);
    }

    /// <summary>Bytes of the plan itself, about.</summary>
    public long Bytes => _steps.Length * BytesOfStep;

    /// <summary>Floats of arena a call needs.</summary>
    public long ArenaFloats { get; }

    /// <summary>Floats each thread of a call needs besides.</summary>
    public long ScratchFloats { get; }

    /// <summary>Executes the steps.</summary>
    public void Run(Call call, CancellationToken cancellationToken)
    {
        foreach (var step in _steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            step.Run(call);
        }
    }
}
