using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>
/// Where a network's dropout masks come from. On the CPU a generator of its own, so that nothing else in the process
/// disturbs it; on CUDA libtorch's default generators, since TorchSharp has no others there.
/// </summary>
public sealed class DropoutGenerator : IDisposable
{
    private readonly Generator _generator = new(0);
    private readonly bool _onDevice;

    /// <summary>Makes one for activations on a device.</summary>
    public DropoutGenerator(Device device) => _onDevice = device.type == DeviceType.CUDA;

    /// <summary>Starts over: after the same seed come the same masks.</summary>
    public void Seed(long seed)
    {
        _generator.manual_seed(seed);
        if (_onDevice)
        {
            cuda.manual_seed_all(seed);
        }
    }

    /// <summary>Sets elements to zero with that probability and scales the others up. The caller disposes the result.</summary>
    public Tensor Apply(Tensor x, double probability)
    {
        if (_onDevice)
        {
            return nn.functional.dropout(x, probability, training: true);
        }

        // What libtorch's own dropout does, which takes no generator.
        using var scope = NewDisposeScope();
        var mask = empty_like(x, requires_grad: false).bernoulli_(1 - probability, _generator);
        mask.ScaleInPlace(1 / (1 - probability));
        return (x * mask).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();
}
