using System.Numerics.Tensors;
using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using CsCheck;

namespace ConsistencyModels.Tests.Editing;

/// <summary>The transforms are orthogonal matrices whose first coordinate is what an edit knows.</summary>
public sealed class TransformTests
{
    [Fact]
    public void Channels_are_turned_by_an_orthogonal_matrix() => Gen.Select(Gen.Double[-3, 3].Array[1, 5], Gen.Int[1, 3], Gen.Int[1, 9], Gen.Int[1, 9], Gen.UInt)
        .Where((weights, _, _, _, _) => weights.Sum(weight => weight * weight) > 0.01)
        .Sample((weights, batch, height, width, seed) =>
        {
            var transform = new ChannelTransform(weights);
            var shape = new ImageShape(batch, weights.Length, height, width);
            var (x, y) = Transformed(transform, shape, seed);
            var plane = height * width;
            for (var i = 0; i < batch * plane; i++)
            {
                var at = (i / plane * shape.ImageLength) + (i % plane);
                var expected = Enumerable.Range(0, weights.Length).Sum(c => transform.FirstColumn[c] * x[at + (c * plane)]);
                Assert.Equal(expected, y[at], 1e-5);
            }
        });

    [Fact]
    public void Patches_are_turned_by_an_orthogonal_matrix() => Gen.Select(Gen.Int[1, 8], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[1, 4], Gen.UInt)
        .Sample((size, batch, channels, rows, columns, seed) =>
        {
            var shape = new ImageShape(batch, channels, rows * size, columns * size);
            var (x, y) = Transformed(new PatchTransform(size), shape, seed);
            for (var plane = 0; plane < batch * channels; plane++)
            {
                for (var patch = 0; patch < rows * columns; patch++)
                {
                    var corner = (plane * shape.Height * shape.Width) + (patch / columns * size * shape.Width) + (patch % columns * size);
                    var sum = Enumerable.Range(0, size * size).Sum(i => (double)x[corner + (i / size * shape.Width) + (i % size)]);
                    Assert.Equal(sum / size, y[corner], 1e-4);
                }
            }
        });

    [Fact]
    public void Luma_has_the_weights_of_the_original()
    {
        var norm = Math.Sqrt((0.2989 * 0.2989) + (0.5870 * 0.5870) + (0.1140 * 0.1140));
        Assert.Equal([0.2989 / norm, 0.5870 / norm, 0.1140 / norm], ChannelTransform.Luma.FirstColumn);
    }

    [Fact]
    public void Weights_without_a_direction_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ChannelTransform([0, 0]));
        Assert.Throws<ArgumentException>(() => new ChannelTransform([]));
        Assert.Throws<ArgumentException>(() => new ChannelTransform([1, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PatchTransform(0));
    }

    // Asserts that lengths stay and that the inverse leads back.
    private static (float[] X, float[] Y) Transformed(ITransform transform, ImageShape shape, uint seed)
    {
        transform.ThrowIfNotFor(shape);
        var x = new float[shape.Length];
        new TorchGenerator(seed).Randn(x);
        var y = x.ToArray();
        transform.Forward(y, shape);
        Assert.Equal(TensorPrimitives.Norm<float>(x), TensorPrimitives.Norm<float>(y), 1e-3f);
        var back = y.ToArray();
        transform.Inverse(back, shape);
        for (var i = 0; i < x.Length; i++)
        {
            Assert.Equal(x[i], back[i], 1e-4f);
        }

        return (x, y);
    }
}
