using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>A flat float32 tensor as a <see cref="IParameterBuffer"/>, on the CPU or a GPU. Owns the tensor.</summary>
internal sealed class TorchBuffer(Tensor flat, TorchTrainableUNet owner) : IParameterBuffer
{
    private readonly TorchTrainableUNet _owner = owner;

    /// <inheritdoc/>
    public long Length { get; } = flat.numel();

    /// <summary>The values, [Length] float32.</summary>
    public Tensor Flat => flat;

    /// <summary>Grows with every change, so that whoever keeps a copy in another precision knows when it is old.</summary>
    public long Version { get; private set; }

    /// <inheritdoc/>
    public void Clear() => Change(() => flat.zero_());

    /// <inheritdoc/>
    public void CopyFrom(IParameterBuffer source)
    {
        var other = Kin(source, nameof(source)).Flat;
        Change(() => flat.copy_(other));
    }

    /// <inheritdoc/>
    public void Lerp(IParameterBuffer other, double weight)
    {
        var target = Kin(other, nameof(other)).Flat;
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
        var gradient = Kin(gradients, nameof(gradients)).Flat;
        var (first, second) = (Kin(firstMoment, nameof(firstMoment)), Kin(secondMoment, nameof(secondMoment)));
        first.Change(() => second.Change(() => Change(() =>
        {
            if (flat.device_type == TorchSharp.DeviceType.CPU)
            {
                AdaptInMemory(gradient, first.Flat, second.Flat, step);
            }
            else
            {
                AdaptByOperations(flat, gradient, first.Flat, second.Flat, step);
            }
        })));
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

    /// <summary>Another buffer of the same network.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public TorchBuffer Kin(IParameterBuffer other, string name) => other is TorchBuffer buffer && buffer._owner == _owner
        ? buffer
        : throw new ArgumentException("The buffer was not made for this network.", name);

    /// <inheritdoc/>
    public void Dispose()
    {
        _owner.Forget(this);
        flat.Dispose();
    }

    private void Change(Action action)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Version++;
        action();
    }

    // libtorch's operations would read everything three times, wait for each other's threads, and take room for a root of everything.
    private void AdaptInMemory(Tensor gradient, Tensor first, Tensor second, AdaptiveStep step)
    {
        const int most = 1 << 28;
        for (var offset = 0L; offset < Length; offset += most)
        {
            var count = Math.Min(most, Length - offset);
            Span<float> Floats(Tensor all) => TensorMemory.Floats(all.narrow(0, offset, count));
            step.Apply(Floats(flat), Floats(gradient), Floats(first), Floats(second));
        }
    }

    /// <summary>The step as operations of libtorch, where the tensors are on a GPU.</summary>
    internal static void AdaptByOperations(Tensor flat, Tensor gradient, Tensor first, Tensor second, AdaptiveStep step)
    {
        if (step.L2 != 0)
        {
            gradient = gradient.Plus(flat.Times(step.L2));
        }

        first.ScaleInPlace(step.Beta1);
        first.AddInPlace(gradient, 1 - step.Beta1);
        second.ScaleInPlace(step.Beta2);
        second.AddProductInPlace(gradient, gradient, 1 - step.Beta2);
        if (step.Decay != 0)
        {
            flat.ScaleInPlace(1 - step.Decay);
        }

        if (step.RootScale is not { } rootScale)
        {
            flat.AddInPlace(first, -step.Rate);
            return;
        }

        var root = second.sqrt();
        if (rootScale != 1)
        {
            root.ScaleInPlace(rootScale);
        }

        root.AddInPlace(step.Epsilon);
        flat.AddQuotientInPlace(first, root, -step.Rate);
    }

    private Tensor Part(long offset, int length)
    {
        if (offset < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The buffer has {Length} values; {length} from {offset} on are not all in it.");
        }

        return flat.narrow(0, offset, length);
    }

}
