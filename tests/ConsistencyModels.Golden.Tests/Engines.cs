using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Golden.Tests;

/// <summary>Every engine, and the exported file in ONNX Runtime: whatever a network or a pipeline is checked for holds for each.</summary>
internal static class Engines
{
    // CM_TEST_DEVICE=cuda: libtorch on that device alone, within the same tolerances as on a CPU.
    public static IReadOnlyList<INetworkEngine> All { get; } = Environment.GetEnvironmentVariable("CM_TEST_DEVICE") is { Length: > 0 } device
        ? [new TorchOnDevice(device)]
        : [new CpuEngine(), new TorchEngine(), new OnnxEngine()];
}
