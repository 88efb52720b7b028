using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>Runs that go on with another length or other settings than they began with.</summary>
public sealed class ChangedRunTests : IDisposable
{
    private const int Steps = 16;
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("ct", 2)]
    [InlineData("ict", 2)]
    [InlineData("ict", 0.5)]
    [InlineData("pd", 2)]
    [InlineData("pd", 0.75)]
    public void A_run_of_another_length_keeps_the_schedule_it_began_with(string objective, double factor)
    {
        using var teacher = Teacher();
        TrainingOptions Options(string name) => _run.Options(Make(objective), name) with { Images = 8 * Steps, Teacher = objective == "pd" ? teacher : null };
        using var whole = new Trainer(Options("whole"), new TwoHalves(), TinyRun.Engines);
        var expected = Losses(whole, 8);
        using (var trainer = new Trainer(Options("stopped"), new TwoHalves(), TinyRun.Engines))
        {
            Assert.Equal(expected[..4], Losses(trainer, 4));
            trainer.SaveCheckpoint();
        }

        var images = (long)(8 * Steps * factor);
        using (var other = new Trainer(Options("stopped") with { Images = images }, new TwoHalves(), TinyRun.Engines))
        {
            Assert.Contains($"began with a length of 128 images, and {objective} keeps the schedule of that; {images} is only where it ends now", Assert.Single(other.Notes));
            Assert.Equal(expected[4..6], Losses(other, 2));
            other.SaveCheckpoint();
        }

        // The length is remembered and not that of the last start.
        Assert.Equal(8 * Steps, RunFolder.BegunLength(Options("stopped").Folder));
        using var again = new Trainer(Options("stopped"), new TwoHalves(), TinyRun.Engines);
        Assert.Empty(again.Notes);
        Assert.Equal(expected[6..], Losses(again, 2));
    }

    [Fact]
    public void A_length_that_nothing_follows_is_no_matter()
    {
        foreach (var objective in new[] { TinyRun.Make("edm"), TinyRun.Make("ict", "total_steps=100") })
        {
            var options = _run.Options(objective, objective.Name);
            using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
            {
                Losses(trainer, 1);
                trainer.SaveCheckpoint();
            }

            using var longer = new Trainer(options with { Images = 2 * options.Images }, new TwoHalves(), TinyRun.Engines);
            Assert.Empty(longer.Notes);
        }
    }

    [Fact]
    public void The_length_of_no_run_is_not_known_and_a_damaged_checkpoint_is_passed_over()
    {
        Assert.Null(RunFolder.BegunLength(Path.Combine(_run.Folder, "nothing")));
        var options = _run.Options();
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Null(RunFolder.BegunLength(options.Folder));
        trainer.SaveCheckpoint();
        File.WriteAllText(trainer.Folder.Checkpoint(8), "no checkpoint");
        Assert.Equal(options.Images, RunFolder.BegunLength(options.Folder));
    }

    [Fact]
    public void What_is_set_differently_is_said_in_one_line_with_before_and_now()
    {
        var options = _run.Options() with { Images = 16, ClipNorm = 1.5 };
        Run(options);

        // The length may change, and these are the same thing in other words.
        Assert.Empty(Run(options with { Images = 24, MicroBatch = 8, LogEverySteps = 3 }));

        // The engine cpu has the same bits for any number of threads, libtorch has not.
        Assert.Empty(Run(options with { Images = 32, MicroBatch = 8, Threads = 3 }));
        var changed = options with
        {
            Images = 48,
            MicroBatch = 4,
            ClipNorm = 0,
            LearningRate = 1e-4,
            Optimizer = new(OptimizerKind.AdamW, Beta2: 0.99, WeightDecay: 0.01),
            Engine = "torch",
            Threads = 1,
            Processes = new OfTwo(),
        };
        using var trainer = new Trainer(changed, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(
            "from here on this is not what an uninterrupted run would give: kind was RAdam, is AdamW; weight_decay was 0, is 0.01; clip was 1.5, is 0; "
            + "lr was 0.001, is 0.0001; micro_batch was 8, is 4; engine was cpu, is torch; processes was 1, is 2; threads was 3, is 1",
            Assert.Single(trainer.Notes));
    }

    [Fact]
    public void A_step_size_that_falls_at_the_end_makes_the_length_matter()
    {
        var options = _run.Options() with { Images = 32, DecayImages = 16 };
        Run(options);
        Assert.Equal("from here on this is not what an uninterrupted run would give: images was 32, is 64", Assert.Single(Run(options with { Images = 64 })));
    }

    private static IReadOnlyList<string> Run(TrainingOptions options)
    {
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.True(trainer.Run(cancellationToken: TestContext.Current.CancellationToken));
        return trainer.Notes;
    }

    private static Objective Make(string objective) => objective == "pd" ? TinyRun.Make("pd", "scales=4") : TinyRun.Make(objective, "end_scales=40");

    private static double[] Losses(Trainer trainer, int count) => [.. Enumerable.Range(0, count).Select(_ => trainer.Step().Loss)];

    private Model Teacher()
    {
        using var trainer = new Trainer(_run.Options(name: "teacher"), new TwoHalves(), TinyRun.Engines);
        trainer.Step();
        trainer.SaveModel();
        return ModelReader.Open(trainer.Folder.Model);
    }

    // Process 0 of two, as far as it is looked at before a step.
    private sealed class OfTwo : ICollective
    {
        public int Rank => 0;

        public int Count => 2;

        public void Sum(Span<float> values)
        {
        }

        public void Sum(Span<double> values)
        {
        }

        public void Broadcast(Span<float> values)
        {
        }
    }
}
