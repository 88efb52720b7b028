using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// A <see cref="UNet2DModel"/> behind plain memory: copies a batch in, runs in inference mode, copies the result out. Disposed
/// during a call, it takes no more calls, and the network is freed when the last one ends.
/// </summary>
public sealed class TorchUNet : IUNet
{
    private readonly UNet2DModel _network;
    private readonly Device _device;
    private readonly ScalarType _dtype;
    private readonly UseCount _uses;

    /// <summary>Wraps a network, which must be in evaluation mode: there is no dropout here. One that this owns is put into it.</summary>
    /// <param name="network">The network; not to be trained while this is in use.</param>
    /// <param name="owns">Whether the network belongs to this from now on: disposing this disposes it.</param>
    /// <exception cref="ArgumentException">The network is in training mode and not owned: its owner decides about that.</exception>
    public TorchUNet(UNet2DModel network, bool owns = true)
    {
        if (owns)
        {
            network.eval();
        }
        else if (network.training)
        {
            throw new ArgumentException("The network is in training mode and belongs to someone else: call its eval() first.", nameof(network));
        }

        _network = network;
        _uses = new UseCount(owns ? network.Dispose : static () => { });
        _device = network.FlatParameters.device;
        _dtype = network.FlatParameters.dtype;
    }

    /// <inheritdoc/>
    public UNet2DConfig Config => _network.Description.Config;

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
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
        _uses.Enter(this);
        try
        {
            var input = new UNetInput(sample, shape, timesteps, classLabels);
            var part = BatchParts.Most(_device, shape);
            for (var first = 0; first < shape.Batch; first += part)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var images = input.Slice(first, Math.Min(part, shape.Batch - first));
                var each = (shape with { Batch = 1, Channels = Config.OutChannels }).Length;
                Run(images, output.Slice(first * each, images.Shape.Batch * each));
            }
        }
        finally
        {
            _uses.Leave();
        }
    }

    /// <summary>Takes no more calls; a network that this owns is disposed, at once or when the calls under way end.</summary>
    public void Dispose() => _uses.Close();

    private void Run(UNetInput input, Span<float> output)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var shape = input.Shape;
        var x = TensorMemory.Of(input.Sample, [shape.Batch, shape.Channels, shape.Height, shape.Width]);
        var t = TensorMemory.Repeated(input.Timesteps, shape.Batch);
        var result = _network.forward(x.to(_dtype, _device), t.to(_device), TensorMemory.Labels(input.ClassLabels)?.to(_device));
        var host = result.to(ScalarType.Float32, CPU).contiguous();
        TensorMemory.Floats(host).CopyTo(output);
    }
}
