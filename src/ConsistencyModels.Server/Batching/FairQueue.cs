namespace ConsistencyModels.Server.Batching;

/// <summary>Calls with images that wait, and whose turn it is. Under the batcher's lock.</summary>
internal sealed class FairQueue
{
    private readonly List<BatchCall> _calls = [];
    private long _now;

    /// <summary>Images that wait.</summary>
    public int Images { get; private set; }

    /// <summary>The call that is most behind; of several the one that came first. Null if none waits.</summary>
    public BatchCall? First => Next(null);

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

    /// <summary>Takes the images of the next batch, all of one size; there must be one.</summary>
    /// <param name="pixels">The most pixels; the first image goes in any case.</param>
    /// <param name="batch">Receives them.</param>
    public void Take(int pixels, List<BatchImage> batch)
    {
        batch.Clear();
        var first = First!;
        var size = Pixels(first);
        for (var call = first; call is not null; call = (batch.Count + 1) * size <= pixels ? Next(first) : null)
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

    /// <summary>The call most behind among those that can be in a batch with another.</summary>
    private BatchCall? Next(BatchCall? other)
    {
        BatchCall? next = null;
        foreach (var call in _calls)
        {
            if ((other is null || call.Shape.WithBatch(1) == other.Shape.WithBatch(1)) && (next is null || call.Flow.Clock < next.Flow.Clock))
            {
                next = call;
            }
        }

        return next;
    }
}
