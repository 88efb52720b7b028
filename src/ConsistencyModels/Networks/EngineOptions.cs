using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Networks;

/// <summary>Where and how precisely a network runs.</summary>
public sealed record EngineOptions
{
    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision of weights and activations: F32, F16 or BF16. Inputs and outputs are float32 whatever it is.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }
}
