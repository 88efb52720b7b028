using ConsistencyModels.Checkpoints;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Translates devices and element types between this library and TorchSharp.</summary>
internal static class TorchTypes
{
    public static ScalarType ToCompute(TensorDType dtype) => dtype switch
    {
        TensorDType.F32 => ScalarType.Float32,
        TensorDType.F16 => ScalarType.Float16,
        TensorDType.BF16 => ScalarType.BFloat16,
        _ => throw new ConsistencyModelsException($"dtype: found {dtype}, expected F32, F16 or BF16"),
    };

    public static TensorDType? ToStored(ScalarType type) => type switch
    {
        ScalarType.Float32 => TensorDType.F32,
        ScalarType.Float16 => TensorDType.F16,
        ScalarType.BFloat16 => TensorDType.BF16,
        _ => null,
    };

    /// <summary>Parses "cpu", "cuda" or "cuda:N" and checks that the device is there.</summary>
    public static Device ToDevice(string name)
    {
        if (name == "cpu")
        {
            return CPU;
        }

        var index = name == "cuda" ? 0 : name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out var n) && n >= 0 ? n : -1;
        if (index < 0)
        {
            throw new ConsistencyModelsException($"device: found \"{name}\", expected cpu, cuda or cuda:N");
        }

        if (!cuda.is_available())
        {
            throw new ConsistencyModelsException($"device: \"{name}\" was asked for, but libtorch finds no CUDA device here; use cpu, or a CUDA build of libtorch");
        }

        var count = cuda.device_count();
        return index < count
            ? new Device(TorchSharp.DeviceType.CUDA, index)
            : throw new ConsistencyModelsException($"device: found \"{name}\", expected cuda:0 to cuda:{count - 1}");
    }
}
