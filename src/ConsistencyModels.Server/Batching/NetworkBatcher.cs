using System.Diagnostics;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>
/// Gathers the calls of many requests into batches: whoever waits when the network is free goes into its next call, whatever the
/// request's class, seed, step or edit. Every image gets what it would get alone, bit for bit, where the network's results do not depend
/// on the batch, as those of the library's engine do not.
/// </summary>
/// <remarks>
/// There is no thread of its own: the first to find the network free calls it for all who wait, until its own images are done, and
/// then hands over to one who still waits. Turns are fair by pixels (start-time fair queueing: each <see cref="Open">request</see> has
/// a clock that its images advance, and the one most behind is next), so that a request of one image is not stuck behind one of
/// sixty-four, nor one of a single step behind one of forty.
/// </remarks>
public sealed class NetworkBatcher : IDisposable
{
    private readonly BatcherOptions _options;
    private readonly Lock _gate = new();
    private readonly FairQueue _queue = new();
    private readonly BatchMemory _memory = new();
    private readonly List<BatchImage> _batch = [];
    private bool _led;

    /// <summary>Takes a network.</summary>
    /// <param name="network">The network; disposed with this.</param>
    /// <param name="options">How calls are gathered; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="BatcherOptions.PixelsAtOnce"/> is not positive.</exception>
    public NetworkBatcher(IUNet network, BatcherOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.PixelsAtOnce, 1, nameof(options));
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
            call.Leads = !_led;
            _led = true;
        }

        try
        {
            if (!call.Leads)
            {
                call.Changed.Wait(call.Cancellation);
            }

            while (call is { Leads: true, IsDone: false })
            {
                call.Cancellation.ThrowIfCancellationRequested();
                RunOnce(call);
            }
        }
        finally
        {
            Leave(call);
        }

        call.ThrowIfFailed();
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
                var next = _queue.First;
                _led = next is not null;
                next?.Lead();
            }
        }
    }

    private void RunOnce(BatchCall leader)
    {
        var began = Stopwatch.GetTimestamp();
        int waiting;
        bool alone;
        lock (_gate)
        {
            _queue.Take(_options.PixelsAtOnce, _batch);

            // The leader's own whole call needs no copies: its memory stays as long as it leads.
            alone = _batch.Count == leader.Shape.Batch && _batch.TrueForAll(image => image.Call == leader);
            if (!alone)
            {
                _memory.CopyIn(_batch);
            }

            waiting = _queue.Images;
        }

        BatchCall[] calls = [.. _batch.Select(image => image.Call).Distinct()];
        Exception? failure = null;
        try
        {
            using var given = BatchCancellation.Of(calls);
            if (alone)
            {
                leader.Run(Network, given.Token);
            }
            else
            {
                _memory.Run(Network, _batch[0].Call.Shape.WithBatch(_batch.Count), given.Token);
            }
        }
        catch (Exception e)
        {
            // Whatever it is, it is each caller's to see, on its own thread.
            failure = e;
        }

        lock (_gate)
        {
            for (var i = 0; i < _batch.Count; i++)
            {
                var call = _batch[i].Call;
                if (failure is null && !alone && !call.IsLeft)
                {
                    _memory.CopyOut(i, _batch[i]);
                }

                call.Done(failure);
            }

            foreach (var call in failure is null ? [] : calls)
            {
                _queue.Remove(call);
            }
        }

        _options.Report?.Invoke(new(_batch.Count, calls.Length, waiting, Stopwatch.GetElapsedTime(began)));
    }
}
