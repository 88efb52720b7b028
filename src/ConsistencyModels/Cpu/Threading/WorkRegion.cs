using System.Runtime.ExceptionServices;

namespace ConsistencyModels.Cpu.Threading;

/// <summary>
/// One caller's sequence of parallel phases. Each thread has a share of a phase's chunks: as many as the others', and the same part
/// of every phase, so that what it reads is mostly what it wrote in the phase before and lies in its own core's cache.
/// A thread that is through takes the last chunks of the others' shares, so one whose core is busy with something else
/// holds up the rest by one chunk at most.
/// </summary>
/// <remarks>
/// A share is one 64-bit word: phase number, next chunk, end. A thread takes a chunk by compare-and-swap on the word: if that
/// succeeds, the phase has not ended, because the chunk itself was missing, so the work read afterwards is that phase's work. No
/// chunk of a finished phase can be taken, and none runs twice.
/// </remarks>
internal sealed class WorkRegion
{
    private const int CountBits = 20;
    private const int MaxChunks = (1 << CountBits) - 1;
    private const int WordsApart = 16; // two cache lines: neighbours are fetched together
    private const int SpinsBeforeYield = 6000;
    private const int SpinsBeforeParking = 6100;

    private readonly ComputePool _pool;
    private readonly Lock _slotGate = new();
    private readonly bool[] _slotTaken;
    private readonly object _finished = new();
    private readonly long[] _shares;
    private IParallelWork? _work;
    private long _phase;
    private int _chunks;
    private int _done;
    private bool _waiting;
    private ExceptionDispatchInfo? _error;

    /// <summary>Makes a region for up to that many threads, the caller included.</summary>
    public WorkRegion(ComputePool pool, int threads)
    {
        _pool = pool;
        Threads = Math.Clamp(threads, 1, pool.Cores);
        _shares = new long[(Threads + 1) * WordsApart];
        _slotTaken = new bool[Threads];
        _slotTaken[0] = true; // the caller's
    }

    /// <summary>Where its helpers come from.</summary>
    public ComputePool Pool => _pool;

    /// <summary>Most threads that work here at once.</summary>
    public int Threads { get; }

    /// <summary>Whether a chunk is waiting to be taken.</summary>
    private bool HasChunks
    {
        get
        {
            for (var slot = 0; slot < Threads; slot++)
            {
                if (HasChunk(Volatile.Read(ref Share(slot))))
                {
                    return true;
                }
            }

            return false;
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

        Publish(work, chunks);
        _pool.Wake(chunks - 1);
        Take(0, null, 0);
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
        if (!HasChunks || TakeSlot(worker) is not (> 0 and var slot))
        {
            return false;
        }

        var helped = Take(slot, pool, worker);
        lock (_slotGate)
        {
            _slotTaken[slot] = false;
        }

        return helped;
    }

    private static int End(long word) => (int)word & MaxChunks;

    private static int Next(long word) => (int)(word >> CountBits) & MaxChunks;

    private static long PhaseOf(long word) => word & ~((1L << (2 * CountBits)) - 1);

    private ref long Share(int slot) => ref _shares[(slot + 1) * WordsApart];

    /// <summary>Whether a share has chunks of a phase that is out: before all its shares are, a thread would take another's and not find its own.</summary>
    private bool HasChunk(long word) => Next(word) < End(word) && PhaseOf(word) == Volatile.Read(ref _phase);

    private void Publish(IParallelWork work, int chunks)
    {
        _work = work;
        _chunks = chunks;
        _done = 0;
        var phase = _phase + (1L << (2 * CountBits));
        for (var slot = 0; slot < Threads; slot++)
        {
            var (next, end) = ((long)slot * chunks / Threads, (slot + 1L) * chunks / Threads);
            Volatile.Write(ref Share(slot), phase | (next << CountBits) | end);
        }

        Volatile.Write(ref _phase, phase);
        Interlocked.MemoryBarrier(); // the shares must be out before parked workers are counted
    }

    /// <summary>A worker prefers the slot it had before, for the sake of its cache.</summary>
    private int TakeSlot(int worker)
    {
        lock (_slotGate)
        {
            var preferred = worker + 1;
            var slot = preferred < Threads && !_slotTaken[preferred] ? preferred : Array.IndexOf(_slotTaken, false);
            if (slot > 0)
            {
                _slotTaken[slot] = true;
            }

            return slot;
        }
    }

    /// <summary>Takes chunks while there are any and says whether there were. Counts them when it is through: the count is shared.</summary>
    private bool Take(int slot, ComputePool? pool, int worker)
    {
        var (done, chunks) = (0, 0);
        while ((pool is null || pool.MayHelp(worker)) && TryTake(slot, out var chunk))
        {
            chunks = _chunks; // a chunk taken is missing, so the phase is the current one until it is counted
            Execute(chunk, slot);
            done++;
        }

        if (done > 0 && Interlocked.Add(ref _done, done) == chunks && slot != 0 && Volatile.Read(ref _waiting))
        {
            lock (_finished)
            {
                Monitor.Pulse(_finished);
            }
        }

        return done > 0;
    }

    private bool TryTake(int slot, out int chunk)
    {
        for (var i = 0; i < Threads; i++)
        {
            ref var share = ref Share((slot + i) % Threads);
            for (var word = Volatile.Read(ref share); HasChunk(word); word = Volatile.Read(ref share))
            {
                // The owner goes up, others come down from the end.
                chunk = i == 0 ? Next(word) : End(word) - 1;
                if (Interlocked.CompareExchange(ref share, i == 0 ? word + (1L << CountBits) : word - 1, word) == word)
                {
                    return true;
                }
            }
        }

        chunk = 0;
        return false;
    }

    private void Execute(int chunk, int slot)
    {
        try
        {
            _work!.Execute(chunk, slot);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
        }
    }

    private void WaitFor(int chunks)
    {
        for (var spins = 0; Volatile.Read(ref _done) < chunks; spins++)
        {
            if (spins < SpinsBeforeYield)
            {
                Thread.SpinWait(2);
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
