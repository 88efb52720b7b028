namespace ConsistencyModels.Server.Batching;

/// <summary>Calls with images that wait, and whose turn it is. Under the batcher's lock.</summary>
internal sealed class FairQueue
{
    private readonly List<BatchCall> _calls = [];
    private long _now;

    /// <summary>Images that wait.</summary>
    public int Images { get; private set; }

    /// <summary>The call that is to lead next: the one most behind, and of several the one that came first. Null if none waits, or those lead who do.</summary>
    public BatchCall? Follower => Next(static call => !call.Leads);

    /// <summary>Adds a call. A request that did nothing for a while has no claim on what others were served meanwhile.</summary>
    public void Add(BatchCall call)
    {
        call.Flow.Clock = Math.Max(call.Flow.Clock, _now);
        _calls.Add(call);
        Images += call.Shape.Batch;
    }

    /// <summary>Takes what is left of a call out.</summary>
    public void Remove(BatchCall call)
    {
        if (_calls.Remove(call))
        {
            Images -= call.Shape.Batch - call.Taken;
        }
    }

    /// <summary>Takes the images of the next batch, all of one size; none if nobody waits.</summary>
    /// <param name="pixels">The most pixels; the first image goes in any case.</param>
    /// <param name="batch">Receives them.</param>
    public void Take(int pixels, List<BatchImage> batch)
    {
        batch.Clear();
        if (Next(static _ => true) is not { } first)
        {
            return;
        }

        var (size, shape) = (Pixels(first), first.Shape.WithBatch(1));
        Func<BatchCall, bool> alike = call => call.Shape.WithBatch(1) == shape;
        for (var call = first; call is not null; call = (batch.Count + 1) * size <= pixels ? Next(alike) : null)
        {
            batch.Add(new(call, call.Taken++));
            Images--;
            _now = Math.Max(_now, call.Flow.Clock);
            call.Flow.Clock += size;
            if (call.Taken == call.Shape.Batch)
            {
                _calls.Remove(call);
            }
        }
    }

    private static long Pixels(BatchCall call) => (long)call.Shape.Height * call.Shape.Width;

    /// <summary>The call most behind among some.</summary>
    private BatchCall? Next(Func<BatchCall, bool> fits)
    {
        BatchCall? next = null;
        foreach (var call in _calls)
        {
            if ((next is null || call.Flow.Clock < next.Flow.Clock) && fits(call))
            {
                next = call;
            }
        }

        return next;
    }
}
