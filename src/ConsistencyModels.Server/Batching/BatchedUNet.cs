using ConsistencyModels.Networks;

namespace ConsistencyModels.Server.Batching;

/// <summary>The network of one request: its calls join the batches of <see cref="NetworkBatcher"/>.</summary>
internal sealed class BatchedUNet(NetworkBatcher batcher) : IUNet
{
    private readonly Flow _flow = new();

    public UNet2DConfig Config => batcher.Network.Config;

    public unsafe void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
        cancellationToken.ThrowIfCancellationRequested();

        // Another thread reads and writes them while this one waits.
        fixed (float* x = sample, t = timesteps, y = output)
        fixed (int* labels = classLabels)
        {
            using var call = new BatchCall(_flow, shape, x, t, timesteps.Length, labels, y, output.Length / shape.Batch, cancellationToken);
            batcher.Forward(call);
        }
    }

    public void Dispose()
    {
    }
}
