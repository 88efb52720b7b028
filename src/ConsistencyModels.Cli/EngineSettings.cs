using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli;

/// <summary>Which model, and what runs it.</summary>
internal sealed record EngineSettings
{
    /// <summary>Which model.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>The engines there are.</summary>
    public required EngineRegistry Engines { get; init; }

    /// <summary>Name of the engine; null for the first that can run it.</summary>
    public string? Engine { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision to compute in.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Pictures drawn at once; 0 chooses by their size.</summary>
    public int Chunk { get; init; }

    /// <summary>Compute threads; 0 for the engine's choice.</summary>
    public int Threads { get; init; }

    /// <summary>Whether the engine cpu keeps weights in half precision.</summary>
    public bool LowMemory { get; init; }

    /// <summary>Whether the engine cpu keeps packed weights on disk.</summary>
    public bool PackedCache { get; init; } = true;

    /// <summary>Loads the network of a model.</summary>
    /// <param name="model">The model; borrowed.</param>
    /// <param name="cancellation">Ends the loading.</param>
    public DiffusionPipeline Load(Model model, CancellationToken cancellation) =>
        DiffusionPipeline.FromModel(model, new PipelineOptions { Engine = FindEngine(), Device = Device, DType = DType, Threads = Threads }, cancellation);

    private INetworkEngine FindEngine()
    {
        var used = Engine is { } name ? Engines.Find(name) : Engines.For(new EngineOptions { Device = Device, DType = DType });
        return !LowMemory && PackedCache ? used
            : used is CpuEngine ? new CpuEngine(new CpuEngineOptions { Memory = LowMemory ? CpuMemory.Low : CpuMemory.Normal, PackedCache = PackedCache })
            : LowMemory ? throw new ConsistencyModelsException($"--memory low is for the engine cpu, and this would be the engine {used.Name}")
            : used;
    }
}
