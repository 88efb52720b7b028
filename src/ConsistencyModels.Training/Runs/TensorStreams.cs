using ConsistencyModels.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Runs;

/// <summary>Turns tensors into what <see cref="SafetensorsWriter"/> takes, copying one at a time from the device at most.</summary>
internal static class TensorStreams
{
    /// <summary>A float32 tensor, stored as <paramref name="dtype"/>. The tensor must live until the file is written.</summary>
    public static TensorToWrite ToWrite(string name, Tensor tensor, TensorDType dtype = TensorDType.F32)
    {
        var type = dtype switch
        {
            TensorDType.F32 => ScalarType.Float32,
            TensorDType.F16 => ScalarType.Float16,
            TensorDType.BF16 => ScalarType.BFloat16,
            _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Weights are stored as F32, F16 or BF16."),
        };
        return new(new TensorInfo(name, dtype, tensor.shape), stream =>
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            stream.Write(tensor.detach().to(type, CPU).contiguous().bytes);
        });
    }
}
