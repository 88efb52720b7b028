using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

public sealed class ScheduleTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(0, 0.008)] // The first step already moves: (0 + 8) / 1000 of the way up.
    [InlineData(492, 0.5)]
    [InlineData(5000, 1)]
    [InlineData(99_000, 0.5)]
    [InlineData(100_000, 0)]
    public void The_step_size_rises_stays_and_falls(long images, double share)
    {
        var options = _run.Options() with { LearningRate = 1, RampImages = 1000, DecayImages = 2000 };
        Assert.Equal(share, LearningRate.At(options, images), 1e-12);
    }

    [Fact]
    public void The_average_halves_a_weight_over_its_half_life_and_follows_closely_at_first()
    {
        var average = AverageOptions.OfHalfLife(1600);
        Assert.Equal(0.5, Math.Pow(average.Beta(16, 1_000_000), 100), 1e-12);
        Assert.Equal(Math.Pow(0.5, 16 / 40.0), average.Beta(16, 800), 1e-12);
        Assert.Equal(0, average.Beta(16, 0), 1e-12);
        Assert.Equal(0.999, AverageOptions.OfRate(0.999).Beta(16, 0));
    }

    [Fact]
    public void An_epoch_shows_every_image_once_and_a_step_depends_on_its_number_alone()
    {
        var data = new TwoHalves();
        var source = new BatchSource(data, 8, 1, flip: false, labelled: true);
        var first = Enumerable.Range(0, 4).Select(step => Images(source, step)).ToArray();
        Assert.Equal(data.Count, first.SelectMany(images => images.Chunk(192)).Select(image => (image[0], image[4])).Distinct().Count());
        var other = new BatchSource(data, 8, 1, flip: false, labelled: true);
        Assert.Equal<IEnumerable<float>>(first[2], Images(other, 2));
        Assert.NotEqual<IEnumerable<float>>(first[2], Images(new BatchSource(data, 8, 2, flip: false, labelled: true), 2));
    }

    private static float[] Images(BatchSource source, long step)
    {
        return source.Next(step).Images.ToArray();
    }
}
