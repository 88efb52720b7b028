using System.Runtime.ExceptionServices;

namespace ConsistencyModels.Data;

/// <summary>
/// Makes the batches of the next steps on a thread of its own while one is being used. The batches and their order are those of
/// calling the function step by step; at most <c>ahead</c> of them wait, so memory stays bounded.
/// </summary>
/// <typeparam name="T">A batch. One that is <see cref="IDisposable"/> and was never taken is disposed at the end.</typeparam>
public sealed class BatchPrefetcher<T> : IDisposable
{
    private readonly Func<long, CancellationToken, T> _produce;
    private readonly long _end;
    private readonly Queue<T> _ready = [];
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wanted;
    private readonly SemaphoreSlim _made = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private bool _disposed;

    /// <summary>Begins to make the batch of the first step at once.</summary>
    /// <param name="produce">
    /// The batch of a step, called in order on one other thread. The token is cancelled when the prefetcher is disposed.
    /// </param>
    /// <param name="first">The first step.</param>
    /// <param name="end">One more than the last step: none is made in vain at the end of a run.</param>
    /// <param name="ahead">How many batches may be ready before they are asked for, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ahead"/> is not positive, or <paramref name="end"/> is below <paramref name="first"/>.</exception>
    public BatchPrefetcher(Func<long, CancellationToken, T> produce, long first, long end = long.MaxValue, int ahead = 1)
    {
        ArgumentNullException.ThrowIfNull(produce);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, first);
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        _produce = produce;
        _end = end;
        Step = first;
        _wanted = new SemaphoreSlim(ahead);
        _thread = new Thread(() => Run(first)) { IsBackground = true, Name = "batches" };
        _thread.Start();
    }

    /// <summary>The step whose batch <see cref="Next"/> gives next.</summary>
    public long Step { get; private set; }

    /// <summary>Takes the batch of the next step, waiting for it if need be. The caller owns it.</summary>
    /// <param name="cancellation">Ends the waiting; the batch is not lost.</param>
    /// <exception cref="ObjectDisposedException">The prefetcher is disposed.</exception>
    /// <exception cref="InvalidOperationException">The last step's batch was taken.</exception>
    /// <remarks>What the function threw for a step comes out when that step's batch is asked for, and again after that.</remarks>
    public T Next(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Step >= _end)
        {
            throw new InvalidOperationException($"The batches end before step {_end}.");
        }

        _made.Wait(cancellation);
        T batch;
        lock (_gate)
        {
            if (_ready.Count == 0)
            {
                _made.Release();
                _failure!.Throw();
            }

            batch = _ready.Dequeue();
        }

        Step++;
        _wanted.Release();
        return batch;
    }

    /// <summary>Stops making batches, waits for the one in the making, and disposes those never taken.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stop.Cancel();
        _thread.Join();
        while (_ready.TryDequeue(out T? batch))
        {
            (batch as IDisposable)?.Dispose();
        }

        _wanted.Dispose();
        _made.Dispose();
        _stop.Dispose();
    }

    private void Run(long first)
    {
        try
        {
            for (long step = first; step < _end; step++)
            {
                _wanted.Wait(_stop.Token);
                T batch = _produce(step, _stop.Token);
                lock (_gate)
                {
                    _ready.Enqueue(batch);
                }

                _made.Release();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed: nobody asks for more.
        }
        catch (Exception e) // whatever it is, it belongs to the thread that asks for the batch
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            _made.Release();
        }
    }
}
