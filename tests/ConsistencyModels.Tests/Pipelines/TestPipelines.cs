using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Pipelines;

/// <summary>Pipelines over a network of a few arithmetic operations.</summary>
internal static class TestPipelines
{
    public static ConsistencyModelPipeline Make(int? classes, int channels = 3, PointwiseUNet.PassHook? afterPass = null) =>
        Make(out _, classes, channels, afterPass);

    public static ConsistencyModelPipeline Make(out PointwiseUNet network, int? classes, int channels = 3, PointwiseUNet.PassHook? afterPass = null)
    {
        network = new PointwiseUNet(PointwiseUNet.SmallConfig(classes, channels)) { AfterPass = afterPass };
        return new ConsistencyModelPipeline(network, new CMStochasticIterativeSchedulerConfig { NumTrainTimesteps = 40 });
    }
}
