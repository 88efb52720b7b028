using ConsistencyModels.Noise;

namespace ConsistencyModels.Tests.Noise;

public class PerImageGeneratorTests
{
    private const int ImageLength = 48;

    [Fact]
    public void An_image_does_not_depend_on_its_batch()
    {
        const int Total = 5;
        var whole = Draw(PerImageGenerator.ForSamples(7, Total, 0, Total), Total);
        var pieces = new[] { (First: 0, Count: 2), (First: 2, Count: 1), (First: 3, Count: 2) }
            .SelectMany(piece => Draw(PerImageGenerator.ForSamples(7, Total, piece.First, piece.Count), piece.Count));
        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void A_list_of_seeds_is_a_list_of_generators()
    {
        var expected = new float[2 * ImageLength];
        new TorchGenerator(4).Randn(expected.AsSpan(0, ImageLength));
        new TorchGenerator(9).Randn(expected.AsSpan(ImageLength));
        Assert.Equal(expected, Draw(new PerImageGenerator([4ul, 9ul]), 2));
        Assert.Equal(expected, Draw(new PerImageGenerator([new TorchGenerator(4), new TorchGenerator(9)]), 2));
    }

    [Fact]
    public void More_images_than_generators_are_refused()
    {
        var generator = new PerImageGenerator([1ul, 2ul]);
        Assert.Equal(2, generator.Count);
        Assert.Throws<ArgumentException>(() => generator.Randn(new float[9], 3));
        Assert.Throws<ArgumentException>(() => generator.Randn(new float[9], 2));
        Assert.Throws<ArgumentException>(() => generator.RandInt(0, 5, new long[3]));
        Assert.Throws<ArgumentException>(() => new PerImageGenerator(Array.Empty<ulong>()));
        Assert.Throws<ArgumentOutOfRangeException>(() => PerImageGenerator.ForSamples(1, 4, 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => PerImageGenerator.ForSamples(1, 4, -1, 3));
    }

    [Fact]
    public void A_whole_runs_batches_are_rows_of_one_draw()
    {
        const int Total = 5;
        var all = new float[Total * ImageLength];
        new TorchGenerator(3).Randn(all);
        Assert.Equal(all[(2 * ImageLength)..(4 * ImageLength)], Draw(new WholeRunGenerator(3, Total, 2), 2));
        Assert.Throws<ArgumentException>(() => Draw(new WholeRunGenerator(3, Total, 4), 2));
        Assert.Throws<ArgumentException>(() => new WholeRunGenerator(3, Total, 4).RandInt(0, 9, new long[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WholeRunGenerator(3, Total, Total));
    }

    private static float[] Draw(INoiseGenerator generator, int images)
    {
        var batch = new float[images * ImageLength];
        generator.Randn(batch, images);
        return batch;
    }
}
