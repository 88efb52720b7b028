using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Cli;

/// <summary>Which model, and what runs it.</summary>
internal sealed record EngineSettings
{
    /// <summary>Which model.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>Name of the engine.</summary>
    public string? Engine { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision to compute in.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Pictures in one network call; 0 for the engine's choice.</summary>
    public int Chunk { get; init; }

    /// <summary>Compute threads; 0 for the engine's choice.</summary>
    public int Threads { get; init; }

    /// <summary>Loads the model.</summary>
    /// <param name="path">Its folder or file.</param>
    public ConsistencyModelPipeline Load(string path) => ConsistencyModelPipeline.FromPretrained(path, new PipelineOptions
    {
        Engine = Engine is { } name ? NetworkEngines.Find(name) : null,
        Device = Device,
        DType = DType,
        Variant = Model.Variant,
        Files = Model.Files,
        Threads = Threads,
    });
}
