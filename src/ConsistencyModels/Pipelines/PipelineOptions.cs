using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Pipelines;

/// <summary>How <see cref="DiffusionPipeline.FromPretrained"/> loads a pipeline: which files, and what runs the network.</summary>
public sealed record PipelineOptions : ModelOptions
{
    /// <summary>What runs the network; null for the library's own engine, <see cref="Cpu.CpuEngine"/>.</summary>
    public INetworkEngine? Engine { get; init; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision the network computes in: F32, F16 or BF16, whatever the file stores.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Makes the denoiser that the pipeline uses of the model's own, such as one that gathers calls of several threads into
    /// batches; null uses the model's own.
    /// </summary>
    public Func<IDenoiser, IDenoiser>? WrapDenoiser { get; init; }

    /// <summary>Receives how far a download is; called from any thread.</summary>
    public IProgress<HubProgress>? Progress { get; init; }
}
