using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

public sealed class CpuUNetGoldenTests
{
    public static TheoryData<string> Names() => [.. GoldenUNet.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Outputs_are_those_of_the_original(string name)
    {
        using var golden = new GoldenUNet(name);
        using var network = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var output = new float[golden.Expected.Length];

        network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, TestContext.Current.CancellationToken);

        Assert.InRange(Worst(golden.Expected, output), 0, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_precision_weights_cost_a_hundredth(string name)
    {
        using var golden = new GoldenUNet(name);
        using var network = new CpuEngine(new CpuEngineOptions { Memory = CpuMemory.Low }).Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var output = new float[golden.Expected.Length];

        network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, TestContext.Current.CancellationToken);

        Assert.InRange(Worst(golden.Expected, output), 0, 2e-2);
    }

    private static float Worst(float[] expected, float[] actual) => expected.Zip(actual, (e, a) => MathF.Abs(e - a)).Max();
}
