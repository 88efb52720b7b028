using ConsistencyModels.Cpu.Memory;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>The network compiled for one shape: steps in order, and where in the arena everything lies. Holds no memory of its own.</summary>
internal sealed class Plan
{
    // Measured: a step with its features.
    private const long BytesOfStep = 300;

    private readonly Step[] _steps;
    private readonly Step[] _back;

    /// <summary>Places the steps' memory.</summary>
    /// <param name="steps">The forward pass.</param>
    /// <param name="back">The way back, if there is one: what it reads of the forward pass stays in memory.</param>
    public Plan(IEnumerable<Step> steps, IEnumerable<Step>? back = null)
    {
        _steps = [.. steps];
        _back = [.. back ?? []];
        var slots = new HashSet<ArenaSlot>();
        for (var i = 0; i < _steps.Length + _back.Length; i++)
        {
            foreach (var slot in (i < _steps.Length ? _steps[i] : _back[i - _steps.Length]).Slots)
            {
                slot.UsedBy(i);
                slots.Add(slot);
            }
        }

        ArenaFloats = ArenaPlanner.Place(slots);
        ScratchFloats = _steps.Concat(_back).Max(step => step.ScratchFloats);
    }

    /// <summary>Bytes of the plan itself, about.</summary>
    public long Bytes => (_steps.Length + _back.Length) * BytesOfStep;

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

    /// <summary>Executes the way back, in the arena in which the forward pass was.</summary>
    public void RunBack(Call call)
    {
        foreach (var step in _back)
        {
            step.Run(call);
        }
    }
}

/// <summary>
/// Plans by shape, within a bound of memory; those used longest ago go. A plan is made outside the lock: calls of other shapes go on
/// meanwhile, and whoever wants the same one waits for it. Thread-safe.
/// </summary>
/// <remarks>
/// There is a plan for every batch that comes, not for a few sizes to which others are cut: a plan takes at most 80 KB and some
/// milliseconds to make, once, where a small network takes up to a fifth longer for 8 + 4 + 1 images than for 13, every time.
/// </remarks>
/// <param name="build">Compiles the network for so many images of a size.</param>
/// <param name="mostBytes">Bound of all plans; the one in use is kept in any case.</param>
internal sealed class PlanCache(Func<int, ImageSize, Plan> build, long mostBytes = PlanCache.DefaultBytes)
{
    /// <summary>Default of <c>mostBytes</c>: some 200 plans of a large network.</summary>
    public const long DefaultBytes = 16L << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<(int Batch, ImageSize Size), Entry> _entries = [];
    private long _bytes;
    private long _uses;

    /// <summary>Bytes of the plans kept, as <see cref="Plan.Bytes"/> counts.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>The plan for a shape.</summary>
    public Plan Get(int batch, ImageSize size)
    {
        Entry? entry;
        lock (_gate)
        {
            if (!_entries.TryGetValue((batch, size), out entry))
            {
                _entries.Add((batch, size), entry = NewEntry(batch, size));
            }

            entry.Used = ++_uses;
            if (entry.Bytes > 0)
            {
                return entry.Plan.Value;
            }
        }

        return Finish((batch, size), entry);
    }

    // Apart from Get, whose hits then allocate no closure.
    private Entry NewEntry(int batch, ImageSize size) => new(new Lazy<Plan>(() => build(batch, size)));

    private Plan Finish((int Batch, ImageSize Size) key, Entry entry)
    {
        try
        {
            var plan = entry.Plan.Value;
            lock (_gate)
            {
                if (entry.Bytes == 0)
                {
                    entry.Bytes = plan.Bytes;
                    _bytes += plan.Bytes;
                    Trim(entry);
                }
            }

            return plan;
        }
        catch
        {
            lock (_gate)
            {
                // The next one tries again; a lazy value would throw for ever.
                if (_entries.GetValueOrDefault(key) == entry)
                {
                    _entries.Remove(key);
                }
            }

            throw;
        }
    }

    private void Trim(Entry kept)
    {
        while (_bytes > mostBytes && _entries.Any(pair => Removable(pair.Value)))
        {
            var (key, oldest) = _entries.Where(pair => Removable(pair.Value)).MinBy(pair => pair.Value.Used);
            _entries.Remove(key);
            _bytes -= oldest.Bytes;
        }

        bool Removable(Entry entry) => entry != kept && entry.Bytes > 0;
    }

    private sealed class Entry(Lazy<Plan> plan)
    {
        public Lazy<Plan> Plan => plan;

        /// <summary>0 until it is made.</summary>
        public long Bytes { get; set; }

        public long Used { get; set; }
    }
}
