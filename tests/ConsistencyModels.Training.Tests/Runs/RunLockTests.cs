using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>A run's folder belongs to one trainer at a time.</summary>
public sealed class RunLockTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_second_trainer_is_refused_in_one_line_and_touches_nothing()
    {
        var options = _run.Options();
        var first = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        first.Step();
        first.SaveCheckpoint();
        var leftover = Path.Combine(first.Folder.Checkpoints, ".somebody-is-writing.tmp");
        File.WriteAllText(leftover, "half a checkpoint");
        var before = Snapshot();

        var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines));
        Assert.Contains(options.Folder, error.Message);
        Assert.Contains("another process is training in this folder", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(before, Snapshot());

        // Freed with the trainer: the same run goes on.
        first.Dispose();
        using var next = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(options.Batch, next.ImagesSeen);
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public void A_trainer_that_could_not_be_made_frees_the_folder()
    {
        var options = _run.Options();
        using (var first = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            first.Step();
            first.SaveCheckpoint();
        }

        Assert.Throws<ConsistencyModelsException>(() => new Trainer(options with { Seed = 6 }, new TwoHalves(), TinyRun.Engines));
        using var again = new Trainer(options, new TwoHalves(), TinyRun.Engines);
    }

    private (string, long, DateTime)[] Snapshot() =>
    [
        .. Directory.GetFiles(_run.Folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Order(StringComparer.Ordinal).Select(file => (file, new FileInfo(file).Length, File.GetLastWriteTimeUtc(file))),
    ];
}
