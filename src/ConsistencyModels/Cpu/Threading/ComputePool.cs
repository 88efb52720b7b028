namespace ConsistencyModels.Cpu.Threading;

/// <summary>
/// The worker threads of all engines of a process. A worker helps whatever region has chunks left; between phases it spins
/// briefly, because the next phase of a network comes within microseconds, and then parks.
/// Callers compute too, so with k calls under way only (cores - k) workers run: the process never has more computing
/// threads than cores, and calls beyond the number of cores wait for their turn.
/// </summary>
internal sealed class ComputePool : IDisposable
{
    private const int SpinsBeforeYield = 1500;
    private const int SpinsBeforeParking = 1560;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turns;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly List<Thread> _threads = [];
    private readonly WorkRegion?[] _regions;
    private int _calls;
    private int _parked;
    private volatile bool _disposed;

    /// <summary>Makes a pool; its threads start when a region wants them.</summary>
    /// <param name="cores">How many threads may compute at once, callers included.</param>
    public ComputePool(int cores)
    {
        Cores = Math.Max(1, cores);
        _turns = new SemaphoreSlim(Cores);
        _regions = new WorkRegion?[Cores];
    }

    /// <summary>The pool of this process.</summary>
    public static ComputePool Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>How many threads may compute at once.</summary>
    public int Cores { get; }

    /// <summary>Starts a call: waits for a turn, then makes the region visible to workers.</summary>
    public void Enter(WorkRegion region, CancellationToken cancellationToken)
    {
        _turns.Wait(cancellationToken);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _calls++;
            Volatile.Write(ref _regions[Array.IndexOf(_regions, null)], region); // turns are as many as places
            while (_threads.Count < Math.Min(region.Threads, Cores) - 1)
            {
                var index = _threads.Count;
                var thread = new Thread(() => Work(index), 1 << 20) { IsBackground = true, Name = $"compute {index + 1}" };
                _threads.Add(thread);
                thread.Start();
            }
        }
    }

    /// <summary>Ends a call begun with <see cref="Enter"/>.</summary>
    public void Leave(WorkRegion region)
    {
        lock (_gate)
        {
            _calls--;
            Volatile.Write(ref _regions[Array.IndexOf(_regions, region)], null);
        }

        _turns.Release();
    }

    /// <summary>Wakes parked workers because a region has new chunks.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _parked) > 0)
        {
            var parked = Interlocked.Exchange(ref _parked, 0);
            if (parked > 0)
            {
                _wake.Release(parked);
            }
        }
    }

    /// <summary>Ends the threads. The shared pool is never disposed.</summary>
    public void Dispose()
    {
        _disposed = true;
        lock (_gate)
        {
            _wake.Release(_threads.Count + 1);
            foreach (var thread in _threads)
            {
                thread.Join();
            }
        }
    }

    /// <summary>Whether a worker of that index should leave the cores to the callers.</summary>
    private bool Surplus(int index) => index >= Cores - Volatile.Read(ref _calls);

    private void Work(int index)
    {
        var idle = 0;
        while (!_disposed)
        {
            var helped = false;
            if (!Surplus(index))
            {
                for (var i = 0; i < _regions.Length; i++)
                {
                    helped |= Volatile.Read(ref _regions[i])?.Help(this, index) ?? false;
                }
            }

            if (helped)
            {
                idle = 0;
                continue;
            }

            idle++;
            if (idle < SpinsBeforeYield)
            {
                Thread.SpinWait(4);
            }
            else if (idle < SpinsBeforeParking)
            {
                Thread.Yield();
            }
            else
            {
                Park();
                idle = 0;
            }
        }
    }

    /// <summary>Whether a worker inside a region should go on with it.</summary>
    public bool MayHelp(int index) => !Surplus(index);

    private void Park()
    {
        Interlocked.Increment(ref _parked);
        // Chunks published between the last look and the increment would wake nobody: look again.
        for (var i = 0; i < _regions.Length; i++)
        {
            if (Volatile.Read(ref _regions[i])?.WantsHelp ?? false)
            {
                Wake();
                break;
            }
        }

        _wake.Wait();
    }
}
