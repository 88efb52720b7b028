using ConsistencyModels.Models;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Runs;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>What a run remembers, and what is found to be wrong before it goes on.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_bit_that_flipped_in_a_moment_is_found()
    {
        var options = _run.Options();
        string path;
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.Step();
            trainer.SaveCheckpoint();
            path = trainer.Folder.CheckpointFiles().Single();
        }

        var bytes = File.ReadAllBytes(path);
        bytes[^100] ^= 1;
        File.WriteAllBytes(path, bytes);
        var error = Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines));
        Assert.Contains("is damaged", error.Message);
    }

    [Fact]
    public void The_scale_of_half_precision_is_not_taken_over_by_another()
    {
        var options = _run.Options();
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.State.LossScale = new LossScale(65536, 3);
            trainer.SaveCheckpoint();
        }

        using var resumed = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(LossScale.None, resumed.State.LossScale);
    }

    [Fact]
    public void Levels_learn_once_per_step_however_the_batch_is_cut_and_resume_exactly()
    {
        using var teacher = Teacher("edm");
        TrainingOptions Options(string name, int micro) => _run.Options(TinyRun.Make("cd", "scales=4", "levels=loss-second-moment"), name) with { Teacher = teacher, MicroBatch = micro };
        var whole = Losses(Options("whole", 0), 16, out var history);
        var parts = Losses(Options("parts", 3), 16, out var other);
        Assert.Contains(history, value => value == 10);
        Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-3 * pair.First));
        Assert.Equal(history.Length, other.Length);

        var stopped = Options("stopped", 0);
        using (var trainer = new Trainer(stopped, new TwoHalves(), TinyRun.Engines))
        {
            Assert.Equal(whole[..12], Steps(trainer, 12));
            trainer.SaveCheckpoint();
        }

        using var resumed = new Trainer(stopped, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(whole[12..], Steps(resumed, 4));
    }

    [Fact]
    public void The_student_becomes_the_teacher_when_a_schedule_jumps_too()
    {
        using var teacher = Teacher("edm");
        var options = _run.Options(TinyRun.Make("pd", "scales=16"), "pd") with { Teacher = teacher, Images = 8 * 70 };
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 5);
            Assert.Equal(0, trainer.State.Generation);
            trainer.SaveCheckpoint();
        }

        // As of a checkpoint that does not say the length it began with.
        using var shorter = new Trainer(options with { Images = 8 * 14 }, new TwoHalves(), TinyRun.Engines);
        shorter.State.ScheduleImages = 8 * 14;
        shorter.Step();
        Assert.Equal(2, shorter.State.Generation);
        Assert.Equal(1, shorter.State.OptimizerSteps);
    }

    [Fact]
    public void A_start_under_another_deviation_and_a_teacher_of_other_classes_are_refused()
    {
        using var start = Teacher("quarter", "sigma_data=0.25");
        Refused("set sigma_data=0.25", _run.Options(TinyRun.Make("ect"), "ect") with { InitialModel = start });
        Refused("set sigma_data=0.25", _run.Options(TinyRun.Make("pd", "scales=4"), "pd") with { Teacher = start });
        using var own = new Trainer(_run.Options(TinyRun.Make("ect", "sigma_data=0.25"), "right") with { InitialModel = start }, new TwoHalves(), TinyRun.Engines);

        using var teacher = Teacher("edm");
        var cd = _run.Options(TinyRun.Make("cd"), "cd") with { Teacher = teacher };
        Refused("class 1 is \"right\", of the data it is \"up\"", cd, new TwoHalves { ClassNames = ["left", "up"] });
    }

    [Fact]
    public void Averages_in_another_order_are_another_run()
    {
        var options = _run.Options() with { Averages = [AverageOptions.OfRate(0.9), AverageOptions.OfHalfLife(100)] };
        using (var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines))
        {
            trainer.SaveCheckpoint();
        }

        Refused("averages is 0.9 100", options with { Averages = [AverageOptions.OfHalfLife(100), AverageOptions.OfRate(0.9)] });
    }

    private static void Refused(string why, TrainingOptions options, TwoHalves? data = null) =>
        Assert.Contains(why, Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, data ?? new TwoHalves(), TinyRun.Engines)).Message);

    private static double[] Losses(TrainingOptions options, int steps, out float[] history)
    {
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        var losses = Steps(trainer, steps);
        history = trainer.State.Objective.Levels.State;
        return losses;
    }

    private static double[] Steps(Trainer trainer, int count) => [.. Enumerable.Range(0, count).Select(_ => trainer.Step().Loss)];

    private Model Teacher(string name, params string[] settings)
    {
        using var trainer = new Trainer(_run.Options(TinyRun.Make("edm", settings), name), new TwoHalves(), TinyRun.Engines);
        trainer.Step();
        trainer.SaveModel();
        return ModelReader.Open(trainer.Folder.Model);
    }
}
