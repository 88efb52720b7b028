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

/// <summary>
/// The arenas of a network's calls, bounded together. What a call gives back is kept for the next one, within the bound; what
/// no call has asked for in <see cref="Keep"/> goes back to the system. Thread-safe.
/// </summary>
internal sealed class ArenaPool : IDisposable
{
    /// <summary>How long an arena that nobody uses is kept; it may be twice as long.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromSeconds(10);

    // A call gets no arena of more than twice its need and this: else one large batch would occupy memory for as long as small ones come.
    private const long Slack = 16L << 20;

    // After this a waiting call looks whether it was cancelled.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly long _mostBytes;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly object _gate = new(); // no Lock: whoever finds no room waits on it
    private readonly List<(NativeBuffer Arena, long Since)> _idle = []; // the one used longest ago first
    private long _used; // with what is set aside
    private long _reserved;
    private bool _timing;
    private bool _disposed;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="mostBytes">Bound of all arenas, used and idle; only what a call cannot do without goes beyond.</param>
    /// <param name="time">The clock.</param>
    public ArenaPool(long mostBytes, TimeProvider time)
    {
        _mostBytes = mostBytes;
        _time = time;
        _timer = time.CreateTimer(static pool => ((ArenaPool)pool!).Trim(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Bytes of all arenas, used and idle.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _used - _reserved + IdleBytes();
            }
        }
    }

    /// <summary>
    /// Sets aside what a call may take: an equal part, and no more than the others leave. Waits while they leave less than it cannot do
    /// without; a call alone gets that in any case. To be handed to <see cref="Rent"/>, or to <see cref="Release"/>.
    /// </summary>
    /// <param name="calls">Calls under way.</param>
    /// <param name="least">What the call cannot do without.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public long Reserve(int calls, long least, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            while (_used > 0 && _mostBytes - _used < least)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(_gate, Patience);
            }

            var share = Math.Clamp(_mostBytes / Math.Max(1, calls), least, Math.Max(least, _mostBytes - _used));
            _used += share;
            _reserved += share;
            return share;
        }
    }

    /// <summary>Gives back what was set aside and not taken.</summary>
    public void Release(long reserved)
    {
        lock (_gate)
        {
            GiveBack(reserved);
        }
    }

    /// <summary>An arena of at least that size, to be given back by <see cref="Return"/>.</summary>
    /// <param name="bytes">Its size.</param>
    /// <param name="reserved">What was set aside for it.</param>
    public NativeBuffer Rent(long bytes, long reserved = 0)
    {
        List<NativeBuffer>? freed = null;
        lock (_gate)
        {
            GiveBack(reserved);
            var best = -1;
            for (var i = 0; i < _idle.Count; i++)
            {
                var length = _idle[i].Arena.Length;
                if (length >= bytes && length <= Math.Max(bytes, Math.Min((2 * bytes) + Slack, _mostBytes - _used)) && (best < 0 || length < _idle[best].Arena.Length))
                {
                    best = i;
                }
            }

            if (best >= 0)
            {
                var arena = _idle[best].Arena;
                _idle.RemoveAt(best);
                _used += arena.Length;
                return arena;
            }

            MakeRoom(bytes, ref freed);
            _used += bytes;
        }

        freed?.ForEach(arena => arena.Dispose());
        NativeBuffer? made = null;
        try
        {
            return made = new NativeBuffer(bytes);
        }
        finally
        {
            lock (_gate)
            {
                _used += (made?.Length ?? 0) - bytes;
            }
        }
    }

    /// <summary>Takes an arena back.</summary>
    public void Return(NativeBuffer arena)
    {
        List<NativeBuffer>? freed = null;
        lock (_gate)
        {
            _used -= arena.Length;
            Monitor.PulseAll(_gate);
            if (_disposed)
            {
                freed = [arena];
            }
            else
            {
                _idle.Add((arena, _time.GetTimestamp()));
                MakeRoom(0, ref freed);
                StartTimer();
            }
        }

        freed?.ForEach(unused => unused.Dispose());
    }

    /// <summary>Frees what is idle. Arenas in use are freed when they come back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _idle.ForEach(idle => idle.Arena.Dispose());
            _idle.Clear();
        }

        _timer.Dispose();
    }

    private void GiveBack(long reserved)
    {
        _used -= reserved;
        _reserved -= reserved;
        if (reserved > 0)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private long IdleBytes()
    {
        long bytes = 0;
        foreach (var (arena, _) in _idle)
        {
            bytes += arena.Length;
        }

        return bytes;
    }

    /// <summary>Takes out idle arenas until as much as is wanted fits beside the rest.</summary>
    private void MakeRoom(long wanted, ref List<NativeBuffer>? freed)
    {
        while (_idle.Count > 0 && _used + IdleBytes() + wanted > _mostBytes)
        {
            (freed ??= []).Add(_idle[0].Arena);
            _idle.RemoveAt(0);
        }
    }

    private void StartTimer()
    {
        if (!_timing && _idle.Count > 0)
        {
            _timing = true;
            _timer.Change(Keep, Timeout.InfiniteTimeSpan);
        }
    }

    private void Trim()
    {
        List<NativeBuffer>? freed = null;
        lock (_gate)
        {
            while (_idle.Count > 0 && _time.GetElapsedTime(_idle[0].Since) >= Keep)
            {
                (freed ??= []).Add(_idle[0].Arena);
                _idle.RemoveAt(0);
            }

            _timing = false;
            if (!_disposed)
            {
                StartTimer();
            }
        }

        freed?.ForEach(arena => arena.Dispose());
    }
}
