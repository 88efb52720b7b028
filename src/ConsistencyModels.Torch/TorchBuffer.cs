using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>A flat float32 tensor as a <see cref="IParameterBuffer"/>, on the CPU or a GPU. Owns the tensor.</summary>
internal sealed class TorchBuffer(Tensor flat, object owner) : IParameterBuffer
{
    /// <inheritdoc/>
    public long Length { get; } = flat.numel();

    /// <summary>The values, [Length] float32.</summary>
    public Tensor Flat => flat;

    /// <summary>The network it was made for.</summary>
    public object Owner => owner;

    /// <summary>Grows with every change, so that whoever keeps a copy in another precision knows when it is old.</summary>
    public long Version { get; private set; }

    /// <inheritdoc/>
    public void Clear() => Change(() => flat.zero_());

    /// <inheritdoc/>
    public void CopyFrom(IParameterBuffer source)
    {
        var other = Other(source);
        Change(() => flat.copy_(other));
    }

    /// <inheritdoc/>
    public void Lerp(IParameterBuffer other, double weight)
    {
        var target = Other(other);
        Change(() => flat.lerp_(target, tensor((float)weight, device: flat.device)));
    }

    /// <inheritdoc/>
    public void Scale(double factor) => Change(() => flat.ScaleInPlace(factor));

    /// <inheritdoc/>
    public double Norm()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return flat.norm().item<float>();
    }

    /// <inheritdoc/>
    public void Adapt(IParameterBuffer gradients, IParameterBuffer firstMoment, IParameterBuffer secondMoment, AdaptiveStep step)
    {
        var (gradient, first, second) = (Other(gradients), Buffer(firstMoment), Buffer(secondMoment));
        Change(() =>
        {
            if (step.L2 != 0)
            {
                gradient = gradient.Plus(flat.Times(step.L2));
            }

            first.Change(() =>
            {
                first.Flat.ScaleInPlace(step.Beta1);
                first.Flat.AddInPlace(gradient, 1 - step.Beta1);
            });
            second.Change(() =>
            {
                second.Flat.ScaleInPlace(step.Beta2);
                second.Flat.AddProductInPlace(gradient, gradient, 1 - step.Beta2);
            });
            if (step.Decay != 0)
            {
                flat.ScaleInPlace(1 - step.Decay);
            }

            if (step.RootScale is not { } rootScale)
            {
                flat.AddInPlace(first.Flat, -step.Rate);
                return;
            }

            var root = second.Flat.sqrt();
            if (rootScale != 1)
            {
                root.ScaleInPlace(rootScale);
            }

            root.AddInPlace(step.Epsilon);
            flat.AddQuotientInPlace(first.Flat, root, -step.Rate);
        });
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<float> destination)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        TensorMemory.Floats(Part(offset, destination.Length).to(CPU)).CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<float> source)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Version++;
        var part = Part(offset, source.Length);
        if (flat.device_type == TorchSharp.DeviceType.CPU)
        {
            source.CopyTo(TensorMemory.Floats(part));
            return;
        }

        var host = empty([source.Length], dtype: ScalarType.Float32);
        source.CopyTo(TensorMemory.Floats(host));
        part.copy_(host);
    }

    /// <inheritdoc/>
    public void Dispose() => flat.Dispose();

    private void Change(Action action)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Version++;
        action();
    }

    private Tensor Part(long offset, int length)
    {
        if (offset < 0 || offset + length > Length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The buffer has {Length} values; {length} from {offset} on are not all in it.");
        }

        return flat.narrow(0, offset, length);
    }

    private TorchBuffer Buffer(IParameterBuffer other) => other is TorchBuffer buffer && buffer.Length == Length
        ? buffer
        : throw new ArgumentException("The buffer is not one of the same engine and network.", nameof(other));

    private Tensor Other(IParameterBuffer other) => Buffer(other).Flat;
}
