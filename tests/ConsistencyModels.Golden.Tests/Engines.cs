using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Every engine, and the exported file in ONNX Runtime: whatever a network or a pipeline is checked for holds for each.</summary>
internal static class Engines
{
    public static IReadOnlyList<INetworkEngine> All { get; } = [new CpuEngine(), new TorchEngine(), new OnnxEngine()];
}
