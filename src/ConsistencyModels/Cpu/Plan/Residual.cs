
namespace ConsistencyModels.Cpu;

/// <summary>What is added to a layer's output.</summary>
/// <param name="Source">Of the output's channels.</param>
/// <param name="Doubled">Whether it has half the size and each of its pixels serves 2x2 of the output.</param>
internal sealed record Residual(Feature Source, bool Doubled = false);
