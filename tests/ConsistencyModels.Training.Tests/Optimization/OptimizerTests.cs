using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Optimization;

namespace ConsistencyModels.Training.Tests.Optimization;

public class OptimizerTests
{
    private static readonly float[] Start = [0.5f, -1f, 2f, 0f, 0.25f];

    // torch.optim.RAdam of PyTorch 1.13 with lr 0.1, betas (0.9, 0.99), eps 1e-8, weight_decay 0.01 and the gradients below.
    // Rectification begins at the sixth step.
    [Theory]
    [InlineData(4, 0.25161949f, -1.0441567f, 1.4999046f, 0.12243144f, 0.44204792f)]
    [InlineData(10, 0.19672385f, -0.95364118f, 1.3952624f, 0.14185364f, 0.41208568f)]
    [InlineData(25, 0.13604267f, -0.74987584f, 1.1495546f, 0.1173499f, 0.31620660f)]
    public void Steps_are_those_of_PyTorch(int steps, params float[] expected) =>
        Near(expected, Run(new Optimizer(OptimizerKind.RAdam, 0.9, 0.99, WeightDecay: 0.01), steps));

    // Adam's and AdamW's definitions, written out in double precision.
    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    public void Adam_and_AdamW_are_as_they_are_defined(OptimizerKind kind)
    {
        var (beta1, beta2, eps, decay, rate) = (0.9, 0.99, 1e-8, 0.1, 0.05);
        var values = Array.ConvertAll(Start, value => (double)value);
        var (first, second) = (new double[values.Length], new double[values.Length]);
        for (var step = 1; step <= 7; step++)
        {
            for (var i = 0; i < values.Length; i++)
            {
                var gradient = (values[i] * 0.5) + Math.Sin(step - 1 + i);
                gradient += kind == OptimizerKind.Adam ? decay * values[i] : 0;
                values[i] *= kind == OptimizerKind.AdamW ? 1 - (rate * decay) : 1;
                first[i] = (beta1 * first[i]) + ((1 - beta1) * gradient);
                second[i] = (beta2 * second[i]) + ((1 - beta2) * gradient * gradient);
                values[i] -= rate * (first[i] / (1 - Math.Pow(beta1, step))) / (Math.Sqrt(second[i] / (1 - Math.Pow(beta2, step))) + eps);
            }
        }

        Near(Array.ConvertAll(values, value => (float)value), Run(new Optimizer(kind, beta1, beta2, eps, decay), 7, rate));
    }

    private static void Near(float[] expected, float[] found)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 2e-6f * Math.Max(1, Math.Abs(expected[i])));
        }
    }

    // The first values of a network's parameters stand for all.
    private static float[] Run(Optimizer optimizer, int steps, double rate = 0.1)
    {
        var config = new UNet2DConfig { BlockOutChannels = [32], DownBlockTypes = ["DownBlock2D"], UpBlockTypes = ["UpBlock2D"], LayersPerBlock = 1 };
        using var network = new TorchEngine().Create(UNet2DDescription.Of(config), new EngineOptions());
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        network.Parameters.Clear();
        network.Parameters.Write(0, Start);
        for (var step = 0; step < steps; step++)
        {
            var values = new float[Start.Length];
            network.Parameters.Read(0, values);
            network.Gradients.Write(0, [.. values.Select((value, i) => (value * 0.5f) + (float)Math.Sin(step + i))]);
            network.Parameters.Adapt(network.Gradients, first, second, optimizer.At(step + 1, rate));
        }

        var found = new float[Start.Length];
        network.Parameters.Read(0, found);
        return found;
    }
}
