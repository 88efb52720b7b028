using ConsistencyModels.Networks;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

public sealed class TorchTrainableContractTests : TrainableContract
{
    protected override INetworkEngine Engine { get; } = new TorchEngine();

    protected override long Held => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
