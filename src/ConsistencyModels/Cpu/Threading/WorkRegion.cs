using System.Runtime.ExceptionServices;

namespace ConsistencyModels.Cpu;

/// <summary>
/// One caller's sequence of parallel phases. Chunks of a phase are taken one by one from a counter, so a thread whose
/// core is busy with something else takes fewer and holds up the others by one chunk at most.
/// </summary>
/// <remarks>
/// Phase number, chunk count and the next chunk are one 64-bit word. A thread takes a chunk by compare-and-swap on the word:
/// if that succeeds, the phase it belongs to has not ended, because the chunk itself was missing, so the work read before
/// is that phase's work. No chunk of a finished phase can be taken, and none runs twice.
/// </remarks>
internal sealed class WorkRegion
{
    private const int CountBits = 20;
    private const int MaxChunks = (1 << CountBits) - 1;
    private const int SpinsBeforeYield = 2000;
    private const int SpinsBeforeParking = 2100;

    private readonly ComputePool _pool;
    private readonly Lock _slotGate = new();
    private readonly bool[] _slotTaken;
    private readonly object _finished = new();
    private IParallelWork? _work;
    private long _word;
    private int _done;
    private bool _waiting;
    private ExceptionDispatchInfo? _error;

    /// <summary>Makes a region for up to that many threads, the caller included.</summary>
    public WorkRegion(ComputePool pool, int threads)
    {
        _pool = pool;
        Threads = Math.Clamp(threads, 1, pool.Cores);
        _slotTaken = new bool[Threads];
        _slotTaken[0] = true; // the caller's
    }

    /// <summary>Most threads that work here at once.</summary>
    public int Threads { get; }

    /// <summary>Whether a chunk is waiting to be taken.</summary>
    private bool HasChunks
    {
        get
        {
            var word = Volatile.Read(ref _word);
            return Next(word) < Count(word);
        }
    }

    /// <summary>Whether chunks wait and another thread may take them.</summary>
    public bool WantsHelp => HasChunks && Array.IndexOf(_slotTaken, false) > 0;

    /// <summary>Executes every chunk and returns when all are done. One caller at a time.</summary>
    /// <exception cref="Exception">What a chunk threw first.</exception>
    public void Run(IParallelWork work, int chunks)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunks, MaxChunks);
        if (Threads == 1 || chunks <= 1)
        {
            for (var chunk = 0; chunk < chunks; chunk++)
            {
                work.Execute(chunk, 0);
            }

            return;
        }

        _work = work;
        _done = 0;
        var phase = (Volatile.Read(ref _word) >> (2 * CountBits)) + 1;
        Volatile.Write(ref _word, (phase << (2 * CountBits)) | ((long)chunks << CountBits));
        Interlocked.MemoryBarrier(); // the word must be out before parked workers are counted
        _pool.Wake();
        while (TryTake(out var taken))
        {
            Execute(taken.Work, taken.Chunk, 0, taken.Count);
        }

        WaitFor(chunks);
        _work = null;
        if (_error is { } error)
        {
            _error = null;
            error.Throw();
        }
    }

    /// <summary>A worker's turn: takes chunks while there are any. False if there was nothing to do.</summary>
    public bool Help(ComputePool pool, int worker)
    {
        if (!HasChunks || TakeSlot() is not (> 0 and var slot))
        {
            return false;
        }

        var helped = false;
        while (pool.MayHelp(worker) && TryTake(out var taken))
        {
            Execute(taken.Work, taken.Chunk, slot, taken.Count);
            helped = true;
        }

        lock (_slotGate)
        {
            _slotTaken[slot] = false;
        }

        return helped;
    }

    private static int Count(long word) => (int)(word >> CountBits) & MaxChunks;

    private static int Next(long word) => (int)word & MaxChunks;

    private int TakeSlot()
    {
        lock (_slotGate)
        {
            var slot = Array.IndexOf(_slotTaken, false);
            if (slot > 0)
            {
                _slotTaken[slot] = true;
            }

            return slot;
        }
    }

    private bool TryTake(out (IParallelWork Work, int Chunk, int Count) taken)
    {
        while (true)
        {
            var word = Volatile.Read(ref _word);
            var work = Volatile.Read(ref _work);
            if (Next(word) >= Count(word))
            {
                taken = default;
                return false;
            }

            if (Interlocked.CompareExchange(ref _word, word + 1, word) == word)
            {
                taken = (work!, Next(word), Count(word));
                return true;
            }
        }
    }

    private void Execute(IParallelWork work, int chunk, int slot, int count)
    {
        try
        {
            work.Execute(chunk, slot);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
        }

        if (Interlocked.Increment(ref _done) == count && slot != 0 && Volatile.Read(ref _waiting))
        {
            lock (_finished)
            {
                Monitor.Pulse(_finished);
            }
        }
    }

    private void WaitFor(int chunks)
    {
        for (var spins = 0; Volatile.Read(ref _done) < chunks; spins++)
        {
            if (spins < SpinsBeforeYield)
            {
                Thread.SpinWait(8);
            }
            else if (spins < SpinsBeforeParking)
            {
                Thread.Yield();
            }
            else
            {
                lock (_finished)
                {
                    _waiting = true;
                    Interlocked.MemoryBarrier(); // seen by whoever finishes after the next look
                    while (Volatile.Read(ref _done) < chunks)
                    {
                        Monitor.Wait(_finished);
                    }

                    _waiting = false;
                }
            }
        }
    }
}
