using System.Text.RegularExpressions;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>A run that ends by an exception.</summary>
public sealed class LeavingTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void What_was_learnt_is_saved_and_the_run_goes_on_as_if_it_had_not_stopped()
    {
        var whole = new List<double>();
        using (var trainer = new Trainer(_run.Options(name: "whole") with { Images = 8 * 6 }, new TwoHalves(), TinyRun.Engines))
        {
            trainer.Run(new Told(p => whole.Add(p.Loss)), TestContext.Current.CancellationToken);
        }

        var options = _run.Options(name: "left") with { Images = 8 * 6 };
        var losses = new List<double>();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            var thrown = Assert.Throws<InvalidOperationException>(() => trainer.Run(new Told(p =>
            {
                losses.Add(p.Loss);
                if (losses.Count == 3)
                {
                    throw new InvalidOperationException("mine");
                }
            }), TestContext.Current.CancellationToken));
            Assert.Equal("mine", thrown.Message);
            Assert.Equal([trainer.Folder.Checkpoint(24)], trainer.Folder.CheckpointFiles());
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(24, resumed.ImagesSeen);
        Assert.True(resumed.Run(new Told(p => losses.Add(p.Loss)), TestContext.Current.CancellationToken));
        Assert.Equal(whole, losses);
    }

    [Fact]
    public void Another_number_of_threads_is_said_also_where_it_is_the_machines_choice()
    {
        // Of libtorch: the engine cpu has the same bits for any number.
        var options = _run.Options(name: "threads") with { Images = 8, Engine = "torch" };
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }

        using (var same = new Trainer(options with { Images = 16 }, new TwoHalves(), TinyRun.Engines))
        {
            Assert.DoesNotContain(same.Notes, note => note.Contains("threads", StringComparison.Ordinal));
        }

        // As on another machine.
        var run = Path.Combine(options.Folder, "run.json");
        File.WriteAllText(run, Regex.Replace(File.ReadAllText(run), "\"threads\": [0-9]+", "\"threads\": 999"));
        using var other = new Trainer(options with { Images = 16 }, new TwoHalves(), TinyRun.Engines);
        Assert.Contains(other.Notes, note => note.Contains("threads", StringComparison.Ordinal) && note.Contains("999", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_in_the_way_of_the_model_is_found_before_anything_is_learnt()
    {
        var options = _run.Options(name: "way");
        Directory.CreateDirectory(options.Folder);
        File.WriteAllText(Path.Combine(options.Folder, "model"), "x");
        var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines));
        Assert.Contains("this is a file", error.Message, StringComparison.Ordinal);
    }

    private sealed class Told(Action<TrainingProgress> tell) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => tell(value);
    }
}
