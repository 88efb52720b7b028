using System.Diagnostics;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>
/// Gathers the calls of many requests into batches: whoever waits when the network is free goes into its next call, whatever the
/// request's class, seed, step or edit. Every image gets what it would get alone, bit for bit, where the network's results do not depend
/// on the batch, as those of the library's engine do not.
/// </summary>
/// <remarks>
/// There are no threads of its own: whoever finds the network free calls it for all who wait, until its own images are done, and
/// then hands over to one who still waits. Turns are fair by pixels (start-time fair queueing: each <see cref="Open">request</see> has
/// a clock that its images advance, and the one most behind is next), so that a request of one image is not stuck behind one of
/// sixty-four, nor one of a single step behind one of forty.
/// </remarks>
public sealed class NetworkBatcher : IDisposable
{
    private readonly BatcherOptions _options;
    private readonly Lock _gate = new();
    private readonly FairQueue _queue = new();
    private readonly Stack<Batch> _batches = new();
    private int _leaders;

    /// <summary>Takes a network.</summary>
    /// <param name="network">The network; disposed with this.</param>
    /// <param name="options">How calls are gathered; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="BatcherOptions.PixelsAtOnce"/> or <see cref="BatcherOptions.CallsAtOnce"/> is not positive.</exception>
    public NetworkBatcher(IUNet network, BatcherOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.PixelsAtOnce, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.CallsAtOnce, 1, nameof(options));
        Network = network;
    }

    /// <summary>The network that is called.</summary>
    public IUNet Network { get; }

    /// <summary>Images that wait for the network now.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _queue.Images;
            }
        }
    }

    /// <summary>The network as one request sees it. Requests share the network fairly; all calls of a request are one share.</summary>
    /// <returns>A network that borrows this: disposing it does nothing.</returns>
    public IUNet Open() => new BatchedUNet(this);

    /// <summary>Lets no more calls begin; those under way end well.</summary>
    public void Dispose() => Network.Dispose();

    /// <summary>One call of a request: returns when all its images are done.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled: images that wait are taken out, and what is computed of others is dropped.</exception>
    internal void Forward(BatchCall call)
    {
        lock (_gate)
        {
            _queue.Add(call);
            if (_leaders < _options.CallsAtOnce)
            {
                _leaders++;
                call.Lead();
            }
        }

        try
        {
            while (Next(call) is { } lead)
            {
                call.Cancellation.ThrowIfCancellationRequested();
                if (lead)
                {
                    RunOnce(call);
                }
                else
                {
                    call.Changed.Wait(call.Cancellation);
                }
            }
        }
        finally
        {
            Leave(call);
        }

        call.ThrowIfFailed();
    }

    /// <summary>Whether a call's thread is to call the network or to wait; null when it has what it came for.</summary>
    private bool? Next(BatchCall call)
    {
        lock (_gate)
        {
            if (call.IsDone)
            {
                return null;
            }

            if (!call.Leads)
            {
                call.Follow();
                return false;
            }

            if (call.IsWaiting)
            {
                return true;
            }

            // The rest of its images is in the batch of another who leads.
            HandOver(call);
            return false;
        }
    }

    /// <summary>After this nobody touches the caller's memory, and another one leads if this one did.</summary>
    private void Leave(BatchCall call)
    {
        lock (_gate)
        {
            call.IsLeft = true;
            _queue.Remove(call);
            if (call.Leads)
            {
                HandOver(call);
            }
        }
    }

    // Under the lock.
    private void HandOver(BatchCall call)
    {
        call.Follow();
        if (_queue.Follower is { } next)
        {
            next.Lead();
        }
        else
        {
            _leaders--;
        }
    }

    private void RunOnce(BatchCall leader)
    {
        var began = Stopwatch.GetTimestamp();
        int waiting;
        bool alone;
        Batch batch;
        lock (_gate)
        {
            batch = _batches.TryPop(out var kept) ? kept : new();
            _queue.Take(_options.PixelsAtOnce, batch.Images);
            if (batch.Images.Count == 0)
            {
                // Another one took them all since it was asked what to do.
                _batches.Push(batch);
                return;
            }

            // The leader's own whole call needs no copies: its memory stays as long as it leads.
            alone = batch.Images.Count == leader.Shape.Batch && batch.Images.TrueForAll(image => image.Call == leader);
            if (!alone)
            {
                batch.CopyIn();
            }

            waiting = _queue.Images;
        }

        BatchCall[] calls = [.. batch.Images.Select(image => image.Call).Distinct()];
        var failure = Run(batch, calls, alone ? leader : null);
        BatchReport report = new(batch.Images.Count, calls.Length, waiting, Stopwatch.GetElapsedTime(began));
        lock (_gate)
        {
            for (var i = 0; i < batch.Images.Count; i++)
            {
                var call = batch.Images[i].Call;
                if (failure is null && !alone && !call.IsLeft)
                {
                    batch.CopyOut(i);
                }

                call.Done(failure);
            }

            foreach (var call in failure is null ? [] : calls)
            {
                _queue.Remove(call);
            }

            batch.Images.Clear();
            _batches.Push(batch);
        }

        _options.Report?.Invoke(report);
    }

    /// <summary>Calls the network.</summary>
    /// <returns>What it threw: whatever it is, it is each caller's to see, on its own thread.</returns>
    private Exception? Run(Batch batch, BatchCall[] calls, BatchCall? alone)
    {
        try
        {
            using var given = BatchCancellation.Of(calls);
            if (alone is not null)
            {
                alone.Run(Network, given.Token);
            }
            else
            {
                batch.Run(Network, given.Token);
            }

            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
