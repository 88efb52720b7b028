using ConsistencyModels.Checkpoints;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Pipelines;

/// <summary>How <see cref="ConsistencyModelPipeline.FromPretrained"/> loads a pipeline.</summary>
public sealed record PipelineOptions
{
    /// <summary>What runs the network; null for the library's own engine, <see cref="Cpu.CpuEngine"/>.</summary>
    public INetworkEngine? Engine { get; init; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision the network computes in: F32, F16 or BF16, whatever the file stores.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }

    /// <summary>Which weights to read, such as "fp16" for <c>diffusion_pytorch_model.fp16.safetensors</c>; null for the plain ones.</summary>
    public string? Variant { get; init; }

    /// <summary>The branch, tag or commit of a model on the Hub; null for "main".</summary>
    public string? Revision { get; init; }

    /// <summary>Where models are downloaded from and to; null for <see cref="HubOptions.FromEnvironment"/>.</summary>
    public HubOptions? Hub { get; init; }

    /// <summary>Told how far a download is; from any thread.</summary>
    public IProgress<HubProgress>? Progress { get; init; }

    /// <summary>What replaces facts that a model does not hold, a single file (a <c>.pt</c>, a <c>.safetensors</c>) above all; null infers them. <see cref="Variant"/> goes before its variant.</summary>
    public ModelFileOptions? Files { get; init; }
}
