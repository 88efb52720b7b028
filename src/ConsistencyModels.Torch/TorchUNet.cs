using System.Runtime.InteropServices;
using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// A <see cref="UNet2DModel"/> behind plain memory: copies a batch in, runs in inference mode, copies the result out. Disposed
/// during a call, it takes no more calls, and the network is freed when the last one ends.
/// </summary>
public sealed class TorchUNet : IUNet
{
    // Larger batches go through in parts, for their activations are all in memory at once: on a CPU 16 images of 64x64 or one of
    // 256x256, beyond which it gains nothing; on a GPU, which needs more to be busy, 16 times as many.
    private const long PixelsAtOnce = 65536;
    private const long PixelsAtOnceOnGpu = 16 * PixelsAtOnce;

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
            var most = (_device.type == TorchSharp.DeviceType.CPU ? PixelsAtOnce : PixelsAtOnceOnGpu) / ((long)shape.Height * shape.Width);
            var part = (int)Math.Clamp(most, 1, shape.Batch);
            for (var first = 0; first < shape.Batch; first += part)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var images = shape.WithBatch(Math.Min(part, shape.Batch - first));
                var results = images with { Channels = Config.OutChannels };
                Run(
                    sample.Slice(first * shape.ImageLength, images.Length),
                    images,
                    timesteps.Length == 1 ? timesteps : timesteps.Slice(first, images.Batch),
                    classLabels.IsEmpty ? classLabels : classLabels.Slice(first, images.Batch),
                    output.Slice(first * results.ImageLength, results.Length));
            }
        }
        finally
        {
            _uses.Leave();
        }
    }

    /// <summary>Takes no more calls; a network that this owns is disposed, at once or when the calls under way end.</summary>
    public void Dispose() => _uses.Close();

    private void Run(
        ReadOnlySpan<float> sample, ImageShape shape, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> classLabels, Span<float> output)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var x = empty([shape.Batch, shape.Channels, shape.Height, shape.Width], dtype: ScalarType.Float32);
        sample.CopyTo(TensorMemory.Floats(x));
        var t = empty([shape.Batch], dtype: ScalarType.Float32);
        var times = TensorMemory.Floats(t);
        if (timesteps.Length == 1)
        {
            times.Fill(timesteps[0]);
        }
        else
        {
            timesteps.CopyTo(times);
        }

        Tensor? labels = null;
        if (!classLabels.IsEmpty)
        {
            labels = empty([shape.Batch], dtype: ScalarType.Int64);
            var values = MemoryMarshal.Cast<byte, long>(labels.bytes);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = classLabels[i];
            }
        }

        var result = _network.forward(x.to(_dtype, _device), t.to(_device), labels?.to(_device));
        var host = result.to(ScalarType.Float32, CPU).contiguous();
        TensorMemory.Floats(host).CopyTo(output);
    }
}
