using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

public sealed class CpuUNetContractTests : UNetContract
{
    protected override float BatchTolerance => 0;

    protected override IUNet Load(Model model)
    {
        using var weights = model.OpenWeights();
        return new CpuEngine().Load(model.Config, weights, new EngineOptions());
    }
}
