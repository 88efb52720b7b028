using System.Runtime.InteropServices;
using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>A <see cref="UNet2DModel"/> behind plain memory: copies a batch in, runs in inference mode, copies the result out.</summary>
public sealed class TorchUNet : IUNet
{
    private readonly UNet2DModel _network;
    private readonly Device _device;
    private readonly ScalarType _dtype;
    private readonly bool _owns;

    /// <summary>Wraps a network and puts it into evaluation mode: there is no dropout here.</summary>
    /// <param name="network">The network; not to be trained while this is in use.</param>
    /// <param name="owns">Whether disposing this disposes the network.</param>
    public TorchUNet(UNet2DModel network, bool owns = true)
    {
        _network = network;
        network.eval();
        _device = network.FlatParameters.device;
        _dtype = network.FlatParameters.dtype;
        _owns = owns;
    }

    /// <inheritdoc/>
    public UNet2DConfig Config => _network.Description.Config;

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

    /// <summary>Disposes the network if this owns it.</summary>
    public void Dispose()
    {
        if (_owns)
        {
            _network.Dispose();
        }
    }
}
