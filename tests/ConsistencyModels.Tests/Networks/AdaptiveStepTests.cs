using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Networks;

public class AdaptiveStepTests
{
    [Fact]
    public void Every_length_is_done_to_its_end()
    {
        var step = new AdaptiveStep(0.9, 0.99, 0.1, 2, Epsilon: 0.01, L2: 0.5, Decay: 0.1);
        for (var length = 0; length < 40; length++)
        {
            float[] Filled(float value) => [.. Enumerable.Repeat(value, length)];
            var (p, g, m, v) = (Filled(1), Filled(0.5f), Filled(-1), Filled(2));
            step.Apply(p, g, m, v);
            Assert.All(m, value => Assert.Equal(-0.9 + 0.1, value, 1e-6));
            Assert.All(v, value => Assert.Equal(1.98 + 0.01, value, 1e-6));
            Assert.All(p, value => Assert.Equal(0.9 + (0.1 * 0.8 / ((2 * Math.Sqrt(1.99)) + 0.01)), value, 1e-6));
            Assert.All(g, value => Assert.Equal(0.5f, value));
        }
    }

    [Theory]
    [InlineData(4, 5, 5)]
    [InlineData(5, 4, 5)]
    [InlineData(5, 5, 6)]
    public void Other_lengths_are_refused(int gradients, int first, int second) =>
        Assert.Throws<ArgumentException>(() => new AdaptiveStep(0.9, 0.99, 0.1, 1).Apply(new float[5], new float[gradients], new float[first], new float[second]));
}
