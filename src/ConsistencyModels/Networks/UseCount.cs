namespace ConsistencyModels.Networks;

/// <summary>
/// Counts the uses of something that may be closed while it is in use: it is released once, as soon as it is closed and the
/// last use has ended. Engines free a network's memory by it, never under a call. Thread-safe; uses allocate nothing.
/// </summary>
/// <param name="release">Frees what is counted; runs once, on the thread that closes it or on that of the last use.</param>
public sealed class UseCount(Action release)
{
    private const int Closed = int.MinValue;

    private readonly Action _release = release ?? throw new ArgumentNullException(nameof(release));
    private int _state; // uses under way, and the sign bit when closed

    /// <summary>Whether <see cref="Close"/> was called: no more uses begin, but some may still be under way.</summary>
    public bool IsClosed => Volatile.Read(ref _state) < 0;

    /// <summary>Begins a use, to be ended by <see cref="Leave"/>.</summary>
    /// <param name="owner">Whom the exception names.</param>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public void Enter(object owner)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            ObjectDisposedException.ThrowIf(state < 0, owner);
            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                return;
            }
        }
    }

    /// <summary>Ends a use; each <see cref="Enter"/> that returned has one.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _state) == Closed)
        {
            _release();
        }
    }

    /// <summary>Lets no more uses begin, and releases at once if none is under way; else the last of them does.</summary>
    /// <returns>Whether this was the first call; later ones do nothing.</returns>
    public bool Close()
    {
        var before = Interlocked.Or(ref _state, Closed);
        if (before == 0)
        {
            _release();
        }

        return before >= 0;
    }
}
