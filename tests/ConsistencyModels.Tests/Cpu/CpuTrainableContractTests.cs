using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

[Collection(Alone.Name)]
public sealed class CpuTrainableContractTests : TrainableContract
{
    protected override INetworkEngine Engine { get; } = new CpuEngine(new() { PackedCache = false });

    protected override long Held => NativeBuffer.LiveBytes;
}
