using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>The memory of a tensor on the CPU as plain memory.</summary>
public static class TensorMemory
{
    /// <summary>All elements of a contiguous float32 tensor; valid while the tensor lives. Up to 2^31-1 elements, where TorchSharp's own views end at as many bytes.</summary>
    /// <exception cref="ArgumentException">The tensor is elsewhere, of another type, not contiguous, or larger.</exception>
    public static Span<float> Floats(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.device_type != DeviceType.CPU || tensor.dtype != ScalarType.Float32 || !tensor.is_contiguous() || tensor.numel() > int.MaxValue)
        {
            throw new ArgumentException(
                $"The tensor is {tensor.dtype} with {tensor.numel()} elements on {tensor.device}; expected a contiguous float32 tensor on the CPU of up to {int.MaxValue}.",
                nameof(tensor));
        }

        if (tensor.numel() == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        var first = tensor.detach().view(-1).narrow(0, 0, 1);
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, float>(ref MemoryMarshal.GetReference(first.bytes)), (int)tensor.numel());
    }
}
