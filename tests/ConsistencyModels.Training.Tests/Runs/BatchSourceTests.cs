using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

public class BatchSourceTests
{
    [Fact]
    public void The_first_draws_stay_what_they_are()
    {
        // What this implementation gave when it was written: a change breaks the resumption of every run.
        var batch = new BatchSource(new TwoHalves(), 4, 5, flip: true, labelled: true).Next(3);
        Assert.Equal([1, 1, 0, 1], batch.Labels.ToArray());
        Near([-0.475f, 0.6625f, 0.775f, 0.775f], [.. Enumerable.Range(0, 4).Select(i => batch.Images.Span[i * 192])]);
        Near([0.48635876f, 0.79244316f, 0.017883569f, -0.33098364f], batch.Normals.ToArray());
        Near([0.5093432f, -0.09643134f, 1.1156632f, 1.2268542f], batch.Noise[..4].ToArray());
        Assert.Equal(1972494328, batch.DropoutSeed);
    }

    [Fact]
    public void Batches_that_do_not_divide_the_data_go_on_into_the_next_epoch()
    {
        var data = new TwoHalves();
        var source = new BatchSource(data, 5, 1, flip: false, labelled: false);
        var images = Enumerable.Range(0, 13).SelectMany(step => source.Next(step).Images.ToArray().Chunk(192)).Take(2 * data.Count).ToArray();
        foreach (var epoch in images.Chunk(data.Count))
        {
            Assert.Equal(data.Count, epoch.Select(image => (image[0], image[4])).Distinct().Count());
        }

        Assert.NotEqual(images[..data.Count].Select(image => image[0]), images[data.Count..].Select(image => image[0]));
        Assert.True(source.Next(0).Labels.IsEmpty);
    }

    [Fact]
    public void Steps_have_noise_of_their_own()
    {
        var source = new BatchSource(new TwoHalves(), 8, 1, flip: false, labelled: true);
        var steps = Enumerable.Range(0, 20).Select(step => source.Next(step)).ToArray();
        Assert.Equal(20, steps.Select(step => step.Noise.ToArray().Average()).Distinct().Count());
        Assert.Equal(20, steps.Select(step => step.DropoutSeed).Distinct().Count());
    }

    [Fact]
    public void Processes_share_one_batch_with_the_noise_it_has_in_one_process()
    {
        var whole = new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true).Next(5);
        var parts = Enumerable.Range(0, 4).Select(rank => new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true, rank, 4).Next(5)).ToArray();
        Assert.Equal<IEnumerable<float>>(whole.Images.ToArray(), parts.SelectMany(part => part.Images.ToArray()));
        Assert.Equal<IEnumerable<float>>(whole.Noise.ToArray(), parts.SelectMany(part => part.Noise.ToArray()));
        Assert.Equal<IEnumerable<int>>(whole.Labels.ToArray(), parts.SelectMany(part => part.Labels.ToArray()));
        Assert.Equal<IEnumerable<float>>(whole.Uniforms.ToArray(), parts.SelectMany(part => part.Uniforms.ToArray()));
        Assert.Equal([0, 2, 4, 6], parts.Select(part => part.First));
        Assert.All(parts, part => Assert.Equal(8, part.Whole));
    }

    private static void Near(float[] expected, float[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-6f);
}
