namespace ConsistencyModels.Cpu.Threading;

/// <summary>
/// The worker threads of all engines of a process. A worker helps whatever region has chunks left; between phases it spins
/// briefly, because the next phase of a network comes within microseconds, and then parks.
/// Callers compute too, so with k calls under way only (cores - k) workers are of use: the others park at once and are not woken.
/// The process never has more computing or spinning threads than cores, and calls beyond the number of cores wait for their turn.
/// </summary>
internal sealed class ComputePool : IDisposable
{
    private const int SpinsBeforeYield = 1500;
    private const int SpinsBeforeParking = 1560;
    private const int StatesApart = 32; // two cache lines: neighbours are fetched together
    private const int Awake = 0;
    private const int Parked = 1;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turns;
    private readonly List<Thread> _threads = [];
    private readonly SemaphoreSlim[] _signals;
    private readonly int[] _states;
    private readonly WorkRegion?[] _regions;
    private int _calls;
    private int _useful;
    private long _lastCall;
    private volatile bool _disposed;

    /// <summary>Makes a pool; its threads start when a region wants them.</summary>
    /// <param name="cores">How many threads may compute at once, callers included.</param>
    public ComputePool(int cores)
    {
        Cores = Math.Max(1, cores);
        _turns = new SemaphoreSlim(Cores);
        _regions = new WorkRegion?[Cores];
        _signals = [.. Enumerable.Range(0, Cores - 1).Select(_ => new SemaphoreSlim(0))];
        _states = new int[Cores * StatesApart];
        _lastCall = Environment.TickCount64;
    }

    /// <summary>The pool of this process.</summary>
    public static ComputePool Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>How many threads may compute at once.</summary>
    public int Cores { get; }

    /// <summary>Workers that are not parked.</summary>
    public int AwakeWorkers
    {
        get
        {
            lock (_gate)
            {
                return Enumerable.Range(0, _threads.Count).Count(index => Volatile.Read(ref State(index)) == Awake);
            }
        }
    }

    /// <summary>How long no call has been under way; zero while one is.</summary>
    public TimeSpan Quiet =>
        Volatile.Read(ref _calls) > 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastCall));

    /// <summary>Starts a call: waits for a turn, then makes the region visible to workers.</summary>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public void Enter(WorkRegion region, CancellationToken cancellationToken)
    {
        _turns.Wait(cancellationToken);
        try
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                StartWorkers(region.Threads - 1);
                _calls++;
                Volatile.Write(ref _regions[Array.IndexOf(_regions, null)], region); // turns are as many as places
                CountUseful();
            }
        }
        catch
        {
            _turns.Release();
            throw;
        }
    }

    /// <summary>Ends a call begun with <see cref="Enter"/>.</summary>
    public void Leave(WorkRegion region)
    {
        lock (_gate)
        {
            _calls--;
            Volatile.Write(ref _lastCall, Environment.TickCount64);
            Volatile.Write(ref _regions[Array.IndexOf(_regions, region)], null);
            CountUseful();
        }

        // This call's core is free now: another's phase may be under way, which woke only as many as were of use then.
        Interlocked.MemoryBarrier();
        if (AnyWantsHelp())
        {
            Wake(Cores);
        }

        _turns.Release();
    }

    /// <summary>Wakes parked workers because a region has new chunks; those only that may help.</summary>
    /// <param name="most">No more than so many.</param>
    public void Wake(int most)
    {
        for (var index = 0; index < Volatile.Read(ref _useful) && most > 0; index++)
        {
            if (Volatile.Read(ref State(index)) == Parked && Unpark(index))
            {
                _signals[index].Release();
                most--;
            }
        }
    }

    /// <summary>Whether a worker inside a region should go on with it.</summary>
    public bool MayHelp(int index) => !Surplus(index);

    /// <summary>Ends the threads. The shared pool is never disposed.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier();
        lock (_gate)
        {
            for (var index = 0; index < _threads.Count; index++)
            {
                if (Unpark(index))
                {
                    _signals[index].Release();
                }
            }

            _threads.ForEach(thread => thread.Join());
        }
    }

    private ref int State(int index) => ref _states[(index + 1) * StatesApart];

    private bool Unpark(int index) => Interlocked.CompareExchange(ref State(index), Awake, Parked) == Parked;

    /// <summary>Whether a worker of that index should leave the cores to the callers.</summary>
    private bool Surplus(int index) => index >= Volatile.Read(ref _useful);

    private int HelpersWanted()
    {
        var wanted = 0;
        foreach (var region in _regions)
        {
            wanted += region is null ? 0 : region.Threads - 1;
        }

        return wanted;
    }

    /// <summary>As many workers as all regions together want, though few may be of use at first: calls end.</summary>
    private void StartWorkers(int more)
    {
        while (_threads.Count < Math.Min(HelpersWanted() + more, Cores - 1))
        {
            var index = _threads.Count;
            var thread = new Thread(() => Work(index), 1 << 20) { IsBackground = true, Name = $"compute {index + 1}" };
            thread.Start();
            _threads.Add(thread);
        }
    }

    private void CountUseful()
    {
        // After the last call workers spin on for their time: a sampler's next call comes within microseconds.
        if (_calls > 0)
        {
            Volatile.Write(ref _useful, Math.Min(Cores - _calls, HelpersWanted()));
        }
    }

    private void Work(int index)
    {
        var idle = 0;
        while (!_disposed)
        {
            if (Surplus(index))
            {
                if (AnyWantsHelp())
                {
                    Wake(1); // what this one leaves undone is for one that may go on
                }

                Park(index);
                idle = 0;
                continue;
            }

            var helped = false;
            for (var i = 0; i < _regions.Length; i++)
            {
                helped |= Volatile.Read(ref _regions[i])?.Help(this, index) ?? false;
            }

            idle = helped ? 0 : idle + 1;
            if (idle >= SpinsBeforeParking)
            {
                Park(index);
                idle = 0;
            }
            else if (idle >= SpinsBeforeYield)
            {
                Thread.Yield();
            }
            else if (!helped)
            {
                Thread.SpinWait(4);
            }
        }
    }

    private void Park(int index)
    {
        Volatile.Write(ref State(index), Parked);
        Interlocked.MemoryBarrier();

        // Chunks published, or a core left, between the last look and the change of state would wake nobody: look again.
        if ((_disposed || (!Surplus(index) && AnyWantsHelp())) && Unpark(index))
        {
            return;
        }

        _signals[index].Wait();
    }

    private bool AnyWantsHelp()
    {
        for (var i = 0; i < _regions.Length; i++)
        {
            if (Volatile.Read(ref _regions[i])?.WantsHelp ?? false)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Work that is split in chunks, which any thread may execute in any order.</summary>
internal interface IParallelWork
{
    /// <summary>Executes one chunk. What is computed may depend on the chunk, never on the slot.</summary>
    /// <param name="chunk">0 to below the number of chunks.</param>
    /// <param name="slot">Which of the region's threads this is: it owns the scratch memory of that number.</param>
    void Execute(int chunk, int slot);
}

/// <summary>Runs delegates on a region: for loading, where an allocation does not matter.</summary>
internal sealed class ParallelRunner(WorkRegion region, CancellationToken cancellationToken) : IParallelWork
{
    private Action<int>? _body;

    /// <summary>Whose threads these are.</summary>
    public ComputePool Pool => region.Pool;

    /// <summary>Executes the body for 0 to below <paramref name="chunks"/>.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; some chunks were not executed.</exception>
    public void For(int chunks, Action<int> body)
    {
        ThrowIfCancelled();
        _body = body;
        region.Run(this, chunks);
        ThrowIfCancelled();
    }

    /// <summary>For work between the parallel parts.</summary>
    public void ThrowIfCancelled() => cancellationToken.ThrowIfCancellationRequested();

    /// <inheritdoc/>
    public void Execute(int chunk, int slot)
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            _body!(chunk);
        }
    }
}
