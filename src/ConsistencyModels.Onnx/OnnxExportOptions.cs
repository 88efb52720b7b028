using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Onnx;

/// <summary>How a model becomes an ONNX file.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>What the file computes.</summary>
    public OnnxFunction Function { get; init; }

    /// <summary>
    /// F32 or F16, for weights and activations. Inputs and outputs are float32 whatever it is, and so are the time embedding's
    /// angles and the scalings, which half precision cannot hold.
    /// </summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>
    /// Whether height and width are left open, as multiples of <see cref="Networks.UNet2DConfig.SpatialFactor"/>. A network without
    /// <c>sample_size</c> has them open always. The batch is open in every file.
    /// </summary>
    public bool DynamicSize { get; init; }

    /// <summary>
    /// Most bytes of weights that are kept inside the file; larger ones go to a second file beside it, named after it with
    /// <c>.data</c> added. At most 2,000,000,000, since no ONNX file may have 2 GiB.
    /// </summary>
    public long LargestSingleFile { get; init; } = 256 << 20;
}
