using ConsistencyModels.Checkpoints;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Runs;

/// <summary>Turns tensors into what <see cref="SafetensorsWriter"/> takes.</summary>
internal static class TensorStreams
{
    // Elements copied from the device and converted at a time. Flat buffers may hold more bytes than a span can view.
    private const long Chunk = 1 << 22;

    /// <summary>A tensor, stored as <paramref name="dtype"/>. It must live until the file is written.</summary>
    public static TensorToWrite ToWrite(string name, Tensor tensor, TensorDType dtype = TensorDType.F32)
    {
        var type = dtype switch
        {
            TensorDType.F32 => ScalarType.Float32,
            TensorDType.F16 => ScalarType.Float16,
            TensorDType.BF16 => ScalarType.BFloat16,
            _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Weights are stored as F32, F16 or BF16."),
        };
        return new(new TensorInfo(name, dtype, tensor.shape), stream => Write(stream, tensor, type));
    }

    private static void Write(Stream stream, Tensor tensor, ScalarType type)
    {
        using var outer = NewDisposeScope();
        using var noGrad = no_grad();
        var flat = tensor.detach().reshape(-1);
        var count = flat.numel();
        for (long done = 0; done < count; done += Chunk)
        {
            using var scope = NewDisposeScope();
            stream.Write(flat.narrow(0, done, Math.Min(Chunk, count - done)).to(type, CPU).contiguous().bytes);
        }
    }
}
