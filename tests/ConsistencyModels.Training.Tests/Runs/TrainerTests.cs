using System.Text.Json.Nodes;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Runs;
using TorchSharp;

namespace ConsistencyModels.Training.Tests.Runs;

public sealed class TrainerTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_resumed_run_has_the_losses_of_one_that_never_stopped()
    {
        var whole = Losses(_run.Options(name: "whole"), 8);
        var stopped = _run.Options(name: "stopped");
        double[] first;
        using (var trainer = new Trainer(stopped, new TwoHalves(), TinyRun.Engines))
        {
            first = Steps(trainer, 5);
            trainer.SaveCheckpoint();
        }

        using var resumed = new Trainer(stopped, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(5 * stopped.Batch, resumed.ImagesSeen);
        Assert.Equal(whole, first.Concat(Steps(resumed, 3)));
    }

    [Fact]
    public void Parts_of_a_batch_give_the_losses_of_the_whole()
    {
        var whole = Losses(_run.Options(name: "whole"), 4);
        var parts = Losses(_run.Options(name: "parts") with { MicroBatch = 3 }, 4);
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Fact]
    public void Cancelling_saves_and_the_same_options_go_on()
    {
        var options = _run.Options() with { SampleEvery = TimeSpan.Zero };
        using var stop = new CancellationTokenSource();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Assert.False(trainer.Run(new AfterLines(3, stop.Cancel), stop.Token));
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(3 * options.Batch, resumed.ImagesSeen);
        Assert.Equal(3, File.ReadLines(resumed.Folder.Log).Count());
    }

    [Fact]
    public void A_run_that_was_killed_between_two_lines_of_its_log_writes_the_same_lines()
    {
        var options = _run.Options() with { Images = 72, LogEverySteps = 3, CheckpointEvery = TimeSpan.Zero, KeepCheckpoints = 100 };
        string[] whole;
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Assert.True(trainer.Run(null, TestContext.Current.CancellationToken));
            whole = [.. File.ReadLines(trainer.Folder.Log).Select(WithoutSpeed)];
            foreach (var later in trainer.Folder.CheckpointFiles().Order(StringComparer.Ordinal).Skip(4))
            {
                File.Delete(later);
            }
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(4 * options.Batch, resumed.ImagesSeen);
        Assert.True(resumed.Run(null, TestContext.Current.CancellationToken));
        Assert.Equal(3, whole.Length);
        Assert.Equal(whole, File.ReadLines(resumed.Folder.Log).Select(WithoutSpeed));

        static string WithoutSpeed(string line)
        {
            var json = JsonNode.Parse(line)!.AsObject();
            Assert.True(json.Remove("images_per_second"));
            return json.ToJsonString();
        }
    }

    [Fact]
    public void A_damaged_newest_checkpoint_is_set_aside_and_the_one_before_is_taken()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 1);
            trainer.SaveCheckpoint();
            Steps(trainer, 1);
            trainer.SaveCheckpoint();
            var newest = trainer.Folder.CheckpointFiles().Max(StringComparer.Ordinal)!;
            using var file = File.OpenWrite(newest);
            file.SetLength(file.Length / 2);
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(options.Batch, resumed.ImagesSeen);
        Assert.Contains("set aside", Assert.Single(resumed.Notes));
    }

    [Fact]
    public void A_folder_of_another_run_is_refused_by_what_differs()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 1);
            trainer.SaveCheckpoint();
        }

        Refused("seed", options with { Seed = 6 }, new TwoHalves());
        Refused("the pictures are not those of the run", options, new TwoHalves { Fingerprint = "other pictures" });
        Refused("objective", options with { Objective = ObjectiveCatalogue.Make("ect") }, new TwoHalves());
    }

    [Fact]
    public void Losses_that_are_not_finite_stop_the_run_and_leave_the_checkpoint()
    {
        var options = _run.Options() with { LearningRate = 1e30 };
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        trainer.SaveCheckpoint();
        var error = Assert.Throws<ConsistencyModelsException>(() => Steps(trainer, 40));
        Assert.Contains("smaller learning rate", error.Message);
        Assert.Single(trainer.Folder.CheckpointFiles());
    }

    [Fact]
    public void Live_tensors_stay_flat_over_200_steps()
    {
        var options = _run.Options(TinyRun.Make("ect", "stage_images=160")) with { Engine = "torch" };
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Steps(trainer, 2);
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Steps(trainer, 200);
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private static void Refused(string what, TrainingOptions options, TwoHalves data) =>
        Assert.Contains(what, Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, data, TinyRun.Engines)).Message);

    private static double[] Losses(TrainingOptions options, int steps)
    {
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        return Steps(trainer, steps);
    }

    private static double[] Steps(Trainer trainer, int count) => [.. Enumerable.Range(0, count).Select(_ => trainer.Step().Loss)];

    private sealed class AfterLines(int lines, Action act) : IProgress<TrainingProgress>
    {
        private int _seen;

        public void Report(TrainingProgress value)
        {
            if (++_seen == lines)
            {
                act();
            }
        }
    }
}
