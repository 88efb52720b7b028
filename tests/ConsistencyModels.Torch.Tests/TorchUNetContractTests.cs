using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Torch.Tests;

public sealed class TorchUNetContractTests : UNetContract
{
    // libtorch chooses an algorithm by the batch.
    protected override float BatchTolerance => 1e-4f;

    protected override IUNet Load(Model model)
    {
        using var weights = model.OpenWeights();
        return new TorchEngine().Load(model.Config, weights, new EngineOptions());
    }
}
