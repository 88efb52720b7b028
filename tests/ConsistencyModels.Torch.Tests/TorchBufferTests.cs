using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

public class TorchBufferTests
{
    public static TheoryData<AdaptiveStep> Steps =>
    [
        new AdaptiveStep(0.9, 0.999, 0.01, 3),
        new AdaptiveStep(0.9, 0.999, 0.01, 1, L2: 0.1),
        new AdaptiveStep(0.5, 0.9, 0.02, null, L2: 0.1, Decay: 0.01),
        new AdaptiveStep(0.5, 0.9, 0.02, 0.3, Epsilon: 0.1, Decay: 0.01),
    ];

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_step_by_operations_is_the_step_in_memory(AdaptiveStep step)
    {
        const int count = 1001;
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor[] there = [.. Enumerable.Range(0, 4).Select(_ => randn([count], generator: generator))];
        there[3].abs_();
        float[][] here = [.. there.Select(values => values.data<float>().ToArray())];
        for (var i = 0; i < 3; i++)
        {
            step.Apply(here[0], here[1], here[2], here[3]);
            TorchBuffer.AdaptByOperations(there[0], there[1], there[2], there[3], step);
        }

        Assert.All(there.Zip(here), pair => Assert.InRange((pair.First - tensor(pair.Second)).abs().max().item<float>(), 0, 1e-5f));
    }
}
