using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Pipelines;

/// <summary>How <see cref="ConsistencyModelPipeline.FromPretrained"/> loads a pipeline.</summary>
public sealed record PipelineOptions
{
    /// <summary>What runs the network; null for <see cref="NetworkEngines.Default"/>.</summary>
    public INetworkEngine? Engine { get; init; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision the network computes in: F32, F16 or BF16, whatever the file stores.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }

    /// <summary>Which weights to read, such as "fp16" for <c>diffusion_pytorch_model.fp16.safetensors</c>; null for the plain ones.</summary>
    public string? Variant { get; init; }
}
