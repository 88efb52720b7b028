namespace ConsistencyModels.Server.Work;

/// <summary>
/// Threads for work that waits: a request sits in the middle of a batch most of the time, and threads of .NET's pool that wait are
/// missing elsewhere. One is made when none is free, and ends when it was free for a while. How many there can be is for those to
/// bound who give the work.
/// </summary>
/// <param name="idle">How long a thread stays without work.</param>
internal sealed class WorkThreads(TimeSpan idle)
{
    private const int StackBytes = 1 << 20;

    private readonly object _gate = new();
    private readonly Queue<Action> _given = new();
    private int _free;

    /// <summary>Runs something on a thread of its own.</summary>
    /// <returns>Completes with what it returned or threw. Whoever awaits it goes on there: an answer is sent without waking another thread.</returns>
    public Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>();
        lock (_gate)
        {
            _given.Enqueue(() => Complete(done, work));
            if (_given.Count <= _free)
            {
                Monitor.Pulse(_gate);
                return done.Task;
            }
        }

        new Thread(Live, StackBytes) { IsBackground = true, Name = "ConsistencyModels request" }.Start();
        return done.Task;
    }

    private static void Complete<T>(TaskCompletionSource<T> done, Func<T> work)
    {
        try
        {
            done.SetResult(work());
        }
        catch (OperationCanceledException e)
        {
            done.SetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            done.SetException(e);
        }
    }

    private void Live()
    {
        while (Next() is { } work)
        {
            work();
        }
    }

    private Action? Next()
    {
        lock (_gate)
        {
            while (_given.Count == 0)
            {
                _free++;
                var pulsed = Monitor.Wait(_gate, idle);
                _free--;
                if (!pulsed && _given.Count == 0)
                {
                    return null;
                }
            }

            return _given.Dequeue();
        }
    }
}
