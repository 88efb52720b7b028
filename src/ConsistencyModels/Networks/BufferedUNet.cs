using System.Runtime.CompilerServices;

namespace ConsistencyModels.Networks;

/// <summary>
/// A network in training as samplers see networks: the parameters of one of its buffers, without dropout. Borrows the network and the
/// buffer; calls from several threads take turns, also those of other views of the network.
/// </summary>
/// <param name="network">The network; not to be trained during a call.</param>
/// <param name="parameters">One of its buffers.</param>
public sealed class BufferedUNet(ITrainableUNet network, IParameterBuffer parameters) : IUNet
{
    // A network's views share one.
    private static readonly ConditionalWeakTable<ITrainableUNet, Lock> Gates = [];

    private readonly Lock _gate = Gates.GetOrCreateValue(network);
    private bool _disposed;

    /// <inheritdoc/>
    public UNet2DConfig Config => network.Description.Config;

    /// <inheritdoc/>
    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            network.Evaluate(parameters, new(sample, shape, timesteps, classLabels), dropoutSeed: null, output);
        }
    }

    /// <summary>Takes no more calls; the network and the buffer stay.</summary>
    public void Dispose() => _disposed = true;
}
