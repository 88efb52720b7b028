using System.Runtime.ExceptionServices;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>The clock of a request: pixels it has been served, beginning with what others had when it came.</summary>
internal sealed class Flow
{
    public long Clock { get; set; }
}

/// <summary>An image of a call.</summary>
internal readonly record struct BatchImage(BatchCall Call, int Index);

/// <summary>
/// A call that waits for its images. The memory is the caller's, pinned until <see cref="IsLeft"/>. Everything that changes is under
/// the batcher's lock.
/// </summary>
internal sealed unsafe class BatchCall(
    Flow flow, ImageShape shape, float* sample, float* timesteps, int timestepCount, int* labels, float* output, int outputLength, CancellationToken cancellation) : IDisposable
{
    private ExceptionDispatchInfo? _failure;
    private int _done;

    public Flow Flow => flow;

    public ImageShape Shape => shape;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Set when it is done, and when it is to lead.</summary>
    public ManualResetEventSlim Changed { get; } = new(false, spinCount: 0);

    /// <summary>Images that are in a batch or were.</summary>
    public int Taken { get; set; }

    /// <summary>Whether images of it wait for a batch.</summary>
    public bool IsWaiting => Taken < shape.Batch;

    /// <summary>Whether its thread calls the network.</summary>
    public bool Leads { get; private set; }

    /// <summary>Whether its caller is gone.</summary>
    public bool IsLeft { get; set; }

    /// <summary>Whether all images are there, or none will come.</summary>
    public bool IsDone => _failure is not null || _done == shape.Batch;

    public ReadOnlySpan<float> Sample(int image) => new(sample + ((long)image * shape.ImageLength), shape.ImageLength);

    public float Timestep(int image) => timesteps[timestepCount == 1 ? 0 : image];

    public int? Label(int image) => labels is null ? null : labels[image];

    public Span<float> Output(int image) => new(output + ((long)image * outputLength), outputLength);

    /// <summary>Its thread is to call the network.</summary>
    public void Lead()
    {
        Leads = true;
        Changed.Set();
    }

    /// <summary>Its thread waits until it is done, or is to call the network.</summary>
    public void Follow()
    {
        Leads = false;
        Changed.Reset();
    }

    /// <summary>Calls the network with all images, in place.</summary>
    public void Run(IUNet network, CancellationToken cancellationToken) => network.Forward(
        new(sample, shape.Length),
        shape,
        new(timesteps, timestepCount),
        labels is null ? default : new(labels, shape.Batch),
        new(output, outputLength * shape.Batch),
        cancellationToken);

    /// <summary>One more image is over.</summary>
    public void Done(Exception? failure)
    {
        _done++;
        if (failure is not null)
        {
            _failure ??= ExceptionDispatchInfo.Capture(failure);
        }

        if (IsDone && !IsLeft)
        {
            Changed.Set();
        }
    }

    /// <summary>Throws what the network threw; whose own token was cancelled hears of that.</summary>
    public void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            cancellation.ThrowIfCancellationRequested();
            _failure.Throw();
        }
    }

    public void Dispose() => Changed.Dispose();
}
