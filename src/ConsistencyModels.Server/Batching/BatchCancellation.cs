namespace ConsistencyModels.Server.Batching;

/// <summary>Cancelled when everyone in a batch has given up: as long as one waits, the batch goes on.</summary>
internal sealed class BatchCancellation : IDisposable
{
    private readonly CancellationTokenSource? _source;
    private readonly CancellationTokenRegistration[] _registrations = [];
    private int _left;

    private BatchCancellation(BatchCall[] calls)
    {
        if (calls.All(call => call.Cancellation.CanBeCanceled))
        {
            _left = calls.Length;
            _source = new();
            _registrations = Array.ConvertAll(calls, call => call.Cancellation.UnsafeRegister(static state => ((BatchCancellation)state!).GiveUp(), this));
        }
    }

    public CancellationToken Token => _source?.Token ?? CancellationToken.None;

    public static BatchCancellation Of(BatchCall[] calls) => new(calls);

    public void Dispose()
    {
        // Each waits for its callback if that runs: after it the source is nobody's.
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source?.Dispose();
    }

    private void GiveUp()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _source!.Cancel();
        }
    }
}
