namespace ConsistencyModels.Server.Work;

/// <summary>
/// Who is let in: requests and their pixels are counted, and past a bound the next one is told when to come again. All who are in share
/// the network, so that this is the queue.
/// </summary>
internal sealed class Admission(ServerLimits limits, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _pixels;
    private long _work;
    private double _rate;
    private long _rated;
    private bool _draining;

    /// <summary>Requests in the server.</summary>
    public int Requests { get; private set; }

    /// <summary>Whether nobody is let in any more.</summary>
    public bool IsDraining => Volatile.Read(ref _draining);

    /// <summary>Lets a request in.</summary>
    /// <param name="pixels">Pixels it keeps in memory.</param>
    /// <param name="work">Pixels it draws, times network calls.</param>
    /// <returns>Its place; disposed when it is over.</returns>
    /// <exception cref="ProblemException">There is no room (429), or the server is about to stop (503).</exception>
    public Place Enter(long pixels, long work)
    {
        lock (_gate)
        {
            if (_draining)
            {
                throw Stopping();
            }

            if (Requests > 0 && (Requests >= limits.Requests || _pixels + pixels > limits.Pixels))
            {
                throw new ProblemException(429, $"the server has {Requests} requests to draw, as many as it takes; try again later") { RetryAfter = Estimate() };
            }

            var place = new Place(this, Requests, pixels, work);
            Requests++;
            _pixels += pixels;
            _work += work;
            return place;
        }
    }

    /// <summary>Throws if the server is about to stop.</summary>
    /// <exception cref="ProblemException">It is (503).</exception>
    public void ThrowIfDraining()
    {
        if (IsDraining)
        {
            throw Stopping();
        }
    }

    /// <summary>Lets nobody in any more.</summary>
    /// <returns>Completes when those who are in are done.</returns>
    public Task Drain()
    {
        lock (_gate)
        {
            _draining = true;
            if (Requests == 0)
            {
                _empty.TrySetResult();
            }
        }

        return _empty.Task;
    }

    private static ProblemException Stopping() => new(503, "the server is about to stop; another will answer") { RetryAfter = TimeSpan.FromSeconds(1) };

    // How long the work that is in takes at the speed of the last seconds.
    private TimeSpan Estimate() => TimeSpan.FromSeconds(_rate > 0 ? Math.Clamp(_work / _rate, 1, 60) : 1);

    private void Leave(Place place)
    {
        lock (_gate)
        {
            Requests--;
            _pixels -= place.Pixels;
            _work -= place.Work;
            var now = time.GetTimestamp();
            var passed = Math.Max(1e-6, time.GetElapsedTime(_rated, now).TotalSeconds);
            var weight = Math.Min(1, passed / Window.TotalSeconds);
            _rate = _rated == 0 ? place.Work : (_rate * (1 - weight)) + (place.Work / passed * weight);
            _rated = now;
            if (_draining && Requests == 0)
            {
                _empty.TrySetResult();
            }
        }
    }

    /// <summary>A request's place.</summary>
    internal sealed class Place(Admission owner, int ahead, long pixels, long work) : IDisposable
    {
        private int _left;

        /// <summary>Requests that were in before it.</summary>
        public int Ahead => ahead;

        public long Pixels => pixels;

        public long Work => work;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                owner.Leave(this);
            }
        }
    }
}
