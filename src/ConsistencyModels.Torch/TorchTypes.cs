using ConsistencyModels.Checkpoints;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch;

/// <summary>Translates element types between this library and TorchSharp.</summary>
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
}
