using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Tests.Pipelines;

/// <summary>Streams of images: any number, each by its own seed, a few at a time.</summary>
public sealed class GenerateManyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 3)]
    [InlineData(5, 64)]
    public void Every_image_is_that_of_its_seed_alone(int count, int batch)
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        var options = new GenerateOptions { NumInferenceSteps = 3, OutputType = OutputType.Raw };
        var stream = pipeline.GenerateMany(count, 40, options with { BatchSize = batch }, Token).ToList();
        Assert.Equal(Enumerable.Range(0, count), stream.Select(image => image.Index));
        foreach (var image in stream)
        {
            Assert.Equal(40ul + (ulong)image.Index, image.Seed);
            var alone = pipeline.Generate(options with { Seeds = [image.Seed] }, Token);
            Assert.Equal(alone.Values, image.Values);
            Assert.Equal(alone.ClassLabels![0], image.ClassLabel);
            Assert.Equal(new ImageShape(1, 3, 8, 8), image.Shape);
        }
    }

    [Fact]
    public void Work_is_done_as_images_are_asked_for_and_memory_is_for_a_few()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        using var images = pipeline.GenerateMany(1_000_000_000, 1, new() { BatchSize = 4 }, Token).GetEnumerator();
        Assert.Empty(network.Calls);
        for (var i = 0; i < 6; i++)
        {
            Assert.True(images.MoveNext());
            Assert.Equal(8, images.Current.Image.Width);
        }

        Assert.Equal([4, 4], network.Calls.Select(call => call.Shape.Batch));
    }

    [Fact]
    public void How_many_go_at_once_follows_from_their_size()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        Assert.Equal(3, pipeline.GenerateMany(3, 1, new() { Width = 256, Height = 256 }, Token).Count());
        Assert.Equal([1, 1, 1], network.Calls.Select(call => call.Shape.Batch));
        Assert.Equal(20, pipeline.GenerateMany(20, 1, new() { Width = 64, Height = 64 }, Token).Count());
        Assert.Equal([16, 4], network.Calls.Skip(3).Select(call => call.Shape.Batch));
    }

    [Fact]
    public void Classes_are_used_in_turn_and_latents_one_per_image()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 5);
        var latents = new float[5 * 192];
        new TorchGenerator(9).Randn(latents);
        var options = new GenerateOptions { OutputType = OutputType.Raw };
        var stream = pipeline.GenerateMany(5, 1, options with { ClassLabels = [4, 0], Latents = latents, BatchSize = 2 }, Token).ToList();
        Assert.Equal([4, 0, 4, 0, 4], stream.Select(image => image.ClassLabel!.Value));
        var whole = pipeline.Generate(options with { ClassLabels = [4, 0, 4, 0, 4], Latents = latents }, Token);
        Assert.Equal(whole.Values, stream.SelectMany(image => image.Values));
        Assert.Equal(4, network.Calls.Count);
    }

    [Fact]
    public void Any_seeds_and_fresh_ones()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        ulong[] seeds = [7, 3, ulong.MaxValue];
        Assert.Equal(seeds, pipeline.GenerateMany(seeds, cancellationToken: Token).Select(image => image.Seed));
        Assert.Equal([ulong.MaxValue, 0ul], pipeline.GenerateMany(2, ulong.MaxValue, cancellationToken: Token).Select(image => image.Seed));
        var fresh = Enumerable.Range(0, 8).Select(_ => pipeline.GenerateMany(1, cancellationToken: Token).Single().Seed).ToList();
        Assert.True(fresh.Distinct().Count() > 1);
        Assert.All(fresh, seed => Assert.InRange(seed, 0ul, uint.MaxValue));
    }

    [Fact]
    public void Progress_runs_over_the_whole_stream()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var seen = new Reports();
        Assert.Equal(5, pipeline.GenerateMany(5, 1, new() { NumInferenceSteps = 2, BatchSize = 2, Progress = seen }, Token).Count());
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 0.9, 1.0], seen.Values.Select(value => Math.Round(value.Fraction, 9)));
    }

    [Fact]
    public void A_stream_can_be_cancelled_between_its_batches()
    {
        using var source = new CancellationTokenSource();
        using var pipeline = TestPipelines.Make(out var network, classes: null);
        var got = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var image in pipeline.GenerateMany(100, 1, new() { BatchSize = 2 }, source.Token))
            {
                if (++got == 3)
                {
                    source.Cancel();
                }
            }
        });
        Assert.Equal((4, 2), (got, network.Calls.Count));
    }

    [Fact]
    public void A_bad_option_is_refused_at_once_and_not_at_the_first_image()
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 5);
        void Refused(string part, GenerateOptions options) =>
            Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(() => { _ = pipeline.GenerateMany(4, 1, options, Token); }).Message);
        Refused("expected 1 to num_train_timesteps", new() { NumInferenceSteps = 41 });
        Refused("go from 0 to 4", new() { ClassLabels = [0, 5] });
        Refused("a seed of its own", new() { Seed = 1 });
        Refused("a seed of its own", new() { Generator = new TorchGenerator(1) });
        Refused("BatchSize must be at least 1", new() { BatchSize = 0 });
        Refused("The latents have 192 values; expected 768", new() { Latents = new float[192] });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = pipeline.GenerateMany(0, cancellationToken: Token); });
        Assert.Empty(network.Calls);
    }

    [Fact]
    public void A_stream_of_floats_has_no_pictures()
    {
        using var pipeline = TestPipelines.Make(classes: null);
        var image = pipeline.GenerateMany(1, 1, new() { OutputType = OutputType.Array }, Token).Single();
        Assert.Contains("stream of floats", Assert.Throws<InvalidOperationException>(() => image.Image).Message);
        Assert.Equal(192, image.Values.Length);
        Assert.Empty(pipeline.GenerateMany(1, 1, cancellationToken: Token).Single().Values);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    public void Edits_of_all_sizes_and_kinds_come_in_order_and_are_as_alone(int? batch)
    {
        using var pipeline = TestPipelines.Make(out var network, classes: 5);
        var (left, top) = (ImageEdit.Inpaint(ImageMask.Demo("left", new(8, 8))), ImageEdit.Inpaint(ImageMask.Demo("top", new(8, 8))));
        var stroke = ImageEdit.Stroke(0.7);
        PictureEdit[] edits =
        [
            new(TestImages.Noise(8, 8, 3, 1), left, 11, 2),
            new(TestImages.Noise(8, 8, 3, 2), top, 12, 3),
            new(TestImages.Noise(8, 8, 3, 3), left, 13),
            new(TestImages.Noise(8, 8, 3, 4), stroke, 14),
            new(TestImages.Noise(6, 4, 3, 5), stroke, 15),
            new(TestImages.Noise(6, 4, 1, 6), ImageEdit.Colorize(), 16, 1),
            new(TestImages.Noise(4, 4, 3, 7), ImageEdit.SuperResolve(2), 17, 1),
            new(TestImages.Noise(8, 8, 3, 8), ImageEdit.Denoise(0.2), 18, 1),
            new(TestImages.Noise(8, 8, 3, 9), ImageEdit.Denoise(0.2, addNoise: true), 19, 1),
        ];
        var results = pipeline.EditMany(edits, new() { NumInferenceSteps = 2 }, batch, Token).ToList();
        Assert.Equal(Enumerable.Range(0, edits.Length), results.Select(image => image.Index));
        foreach (var (edit, result) in edits.Zip(results))
        {
            var alone = pipeline.Edit([edit.Image], edit.Edit, new() { NumInferenceSteps = 2, Seeds = [edit.Seed], ClassLabels = edit.ClassLabel is { } label ? [label] : null }, Token);
            Assert.Equal(alone.Images[0].Pixels, result.Image.Pixels);
            Assert.Equal((edit.Seed, alone.ClassLabels![0]), (result.Seed, result.ClassLabel));
        }

        // Neighbours of one size and kind go together, whatever their masks; those whose class is drawn do not go with others.
        var batches = network.Calls.Take(batch == 1 ? 18 : 16).Where((_, i) => i % 2 == 0).Select(call => call.Shape.Batch);
        Assert.Equal(batch == 1 ? [1, 1, 1, 1, 1, 1, 1, 1, 1] : [2, 1, 1, 1, 1, 1, 1, 1], batches);
    }

    [Fact]
    public void A_stream_of_edits_has_what_is_each_pictures_own_in_the_pictures()
    {
        using var pipeline = TestPipelines.Make(classes: 5);
        PictureEdit[] edits = [new(TestImages.Noise(8, 8, 3, 1), ImageEdit.Stroke(1), 1)];
        Assert.Throws<ArgumentException>(() => { _ = pipeline.EditMany(edits, new() { Seed = 1 }, cancellationToken: Token); });
        Assert.Throws<ArgumentException>(() => { _ = pipeline.EditMany(edits, new() { ClassLabels = [1] }, cancellationToken: Token); });
        Assert.Throws<ArgumentException>(() => { _ = pipeline.EditMany(edits, new() { Latents = new float[192] }, cancellationToken: Token); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = pipeline.EditMany(edits, null, 0, Token); });
        Assert.Empty(pipeline.EditMany([], cancellationToken: Token));
    }

    private sealed class Reports : IProgress<SamplingProgress>
    {
        public List<SamplingProgress> Values { get; } = [];

        public void Report(SamplingProgress value) => Values.Add(value);
    }
}
