namespace ConsistencyModels.Cpu;

/// <summary>What only the CPU engine can be told; see also <see cref="Networks.EngineOptions"/>.</summary>
public sealed record CpuEngineOptions
{
    /// <summary>Speed or memory.</summary>
    public CpuMemory Memory { get; init; }
}
