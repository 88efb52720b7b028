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

    /// <summary>Values as a float32 tensor of a shape, on the CPU. The caller disposes it.</summary>
    internal static Tensor Of(ReadOnlySpan<float> values, ReadOnlySpan<long> shape)
    {
        var result = empty(shape, dtype: ScalarType.Float32);
        values.CopyTo(Floats(result));
        return result;
    }

    /// <summary>One value per image as [batch], from as many or from a single one for all. The caller disposes it.</summary>
    internal static Tensor Repeated(ReadOnlySpan<float> values, int batch)
    {
        var result = empty([batch], dtype: ScalarType.Float32);
        if (values.Length == 1)
        {
            Floats(result).Fill(values[0]);
        }
        else
        {
            values.CopyTo(Floats(result));
        }

        return result;
    }

    /// <summary>Labels as [n] int64; null for none. The caller disposes it.</summary>
    internal static Tensor? Labels(ReadOnlySpan<int> labels)
    {
        if (labels.IsEmpty)
        {
            return null;
        }

        var result = empty([labels.Length], dtype: ScalarType.Int64);
        var values = MemoryMarshal.Cast<byte, long>(result.bytes);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = labels[i];
        }

        return result;
    }
}
