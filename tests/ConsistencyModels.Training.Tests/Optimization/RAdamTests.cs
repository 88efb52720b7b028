using ConsistencyModels.Training.Optimization;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Tests.Optimization;

public class RAdamTests
{
    private static readonly float[] Start = [0.5f, -1f, 2f, 0f, 0.25f];

    // torch.optim.RAdam of PyTorch 1.13 with lr 0.1, betas (0.9, 0.99), eps 1e-8, weight_decay 0.01 and the gradients below.
    // Rectification begins at the sixth step.
    [Theory]
    [InlineData(4, 0.25161949f, -1.0441567f, 1.4999046f, 0.12243144f, 0.44204792f)]
    [InlineData(10, 0.19672385f, -0.95364118f, 1.3952624f, 0.14185364f, 0.41208568f)]
    [InlineData(25, 0.13604267f, -0.74987584f, 1.1495546f, 0.1173499f, 0.31620660f)]
    public void Steps_are_those_of_PyTorch(int steps, params float[] expected)
    {
        using var scope = NewDisposeScope();
        var values = tensor(Start);
        using var optimizer = new RAdam(values, 0.9, 0.99);
        for (var step = 0; step < steps; step++)
        {
            var waves = Enumerable.Range(0, Start.Length).Select(i => (float)Math.Sin(step + i)).ToArray();
            optimizer.Step(values, (values * 0.5f) + tensor(waves), 0.1, 0.01);
        }

        var found = values.data<float>().ToArray();
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 2e-6f * Math.Max(1, Math.Abs(expected[i])));
        }
    }
}
