using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Tests.Extractors;
using ConsistencyModels.Training.Parallel;

namespace ConsistencyModels.Evaluation.Tests.Features;

public sealed class FeatureExtractionTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly OnnxExtractor _extractor;

    public FeatureExtractionTests()
    {
        using var weights = LeNetFile.Random(1);
        _extractor = new ExtractorStore(_folder.Path).MakeLeNet(_folder, weights);
    }

    public void Dispose()
    {
        _extractor.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Features_of_a_set_are_those_of_its_pictures()
    {
        var pictures = new NoisePictures(37);
        var all = Take(_extractor, pictures, batch: 4)!;
        Assert.Equal((37, 84, 10), (all.Count, all.Features.Length, all.Logits!.Length));
        Assert.Equal(Enumerable.Range(0, 37), pictures.Asked);
        var last = _extractor.Features([.. pictures.Read(36, 1, TestContext.Current.CancellationToken)]);
        Assert.True(last.Row(0).SequenceEqual(all.Features.Row(36)));
    }

    [Fact]
    public void What_was_stopped_goes_on_with_the_same_bits()
    {
        var expected = Take(_extractor, new NoisePictures(50))!;
        using var stopping = new CancellationTokenSource();
        var folder = _folder["blocks"];
        var first = new NoisePictures(50);
        Assert.ThrowsAny<OperationCanceledException>(() => new FeatureExtraction(_extractor, 2).Run(
            first, folder, progress: new Telling(progress => { if (progress.Done >= 32) { stopping.Cancel(); } }), cancellationToken: stopping.Token));
        var kept = Directory.GetFiles(folder).Length;
        Assert.InRange(kept, 2, 3);

        // Blocks have 16 pictures.
        var second = new NoisePictures(50);
        var found = Take(_extractor, second, folder)!;
        Assert.Equal(kept * 16, second.Asked.Min());
        Assert.True(expected.Features.Values.SequenceEqual(found.Features.Values));
        Assert.True(expected.Logits!.Values.SequenceEqual(found.Logits!.Values));
    }

    [Fact]
    public void Blocks_of_other_pictures_or_damaged_ones_are_made_again()
    {
        var folder = _folder["blocks"];
        var expected = Take(_extractor, new NoisePictures(40), folder)!;
        Assert.False(expected.Features.Values.SequenceEqual(Take(_extractor, new NoisePictures(40, seed: 1), folder)!.Features.Values));
        _ = Take(_extractor, new NoisePictures(40), folder);
        var file = Directory.GetFiles(folder).Order().First();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..100]);
        var pictures = new NoisePictures(40);
        Assert.True(expected.Features.Values.SequenceEqual(Take(_extractor, pictures, folder)!.Features.Values));
        Assert.Equal(Enumerable.Range(0, 16), pictures.Asked);
    }

    [Fact]
    public async Task Two_processes_give_the_bits_of_one()
    {
        var expected = Take(_extractor, new NoisePictures(70))!;
        using var barrier = new Barrier(2);
        NoisePictures[] pictures = [new(70), new(70)];

        // A session takes one batch at a time: each process has its own.
        using var other = OnnxExtractor.Open(_extractor.FilePath, threads: 1);
        OnnxExtractor[] extractors = [_extractor, other];
        var folder = _folder["shared"];
        var found = await Task.WhenAll(Enumerable.Range(0, 2).Select(rank => Task.Run(
            () => Take(extractors[rank], pictures[rank], folder, new TwoProcesses(rank, barrier)), TestContext.Current.CancellationToken)));
        Assert.Null(found[1]);
        Assert.True(expected.Features.Values.SequenceEqual(found[0]!.Features.Values));
        Assert.Empty(pictures[0].Asked.Intersect(pictures[1].Asked));
        Assert.Equal(70, pictures[0].Asked.Count + pictures[1].Asked.Count);
    }

    [Fact]
    public void Folders_that_were_not_used_for_longest_go_first()
    {
        foreach (var (name, age) in ((string, int)[])[("new", 1), ("old", 3), ("older", 5)])
        {
            Directory.CreateDirectory(_folder["cache", name]);
            File.WriteAllBytes(_folder["cache", name, "block"], new byte[1000]);
            Directory.SetLastWriteTimeUtc(_folder["cache", name], DateTime.UtcNow.AddDays(-age));
        }

        FeatureCache.Prune(_folder["cache", "older"], 2500);
        Assert.Equal(["new", "older"], Directory.GetDirectories(_folder["cache"]).Select(folder => Path.GetFileName(folder)).Order());
    }

    private static ExtractedFeatures? Take(OnnxExtractor extractor, NoisePictures pictures, string? folder = null, ICollective? processes = null, int batch = 2) =>
        new FeatureExtraction(extractor, batch).Run(pictures, folder, processes, cancellationToken: TestContext.Current.CancellationToken);

    private sealed class Telling(Action<ExtractionProgress> tell) : IProgress<ExtractionProgress>
    {
        public void Report(ExtractionProgress value) => tell(value);
    }

    private sealed class TwoProcesses(int rank, Barrier barrier) : ICollective
    {
        public int Rank => rank;

        public int Count => 2;

        public void Sum(Span<float> values) => barrier.SignalAndWait(TestContext.Current.CancellationToken);

        public void Sum(Span<double> values) => throw new NotSupportedException();

        public void Broadcast(Span<float> values) => throw new NotSupportedException();
    }
}
