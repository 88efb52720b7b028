using System.Globalization;
using ConsistencyModels.Cli.Reports;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Runs;

/// <summary>Trains, shows how far it is, and says how to go on.</summary>
internal sealed class TrainRun(TrainPlan plan, CommandContext context, CliConsole console, PeriodicEvaluation? evaluation = null)
{
    private readonly TrainingOptions _options = plan.Options with
    {
        Evaluation = evaluation,
        Origin = [new("command", $"cm {string.Join(' ', context.Arguments.Select(ShellWord.Quote))}"), new("processor", Machine.Processor())],
    };

    /// <summary>Trains until all images are seen or the user wants it to stop; saved either way.</summary>
    public void Execute()
    {
        using var trainer = new Trainer(_options, plan.Data, context.Engines, context.Cancellation);
        plan.Warn(console);
        foreach (var note in trainer.Notes)
        {
            console.Note(note);
        }

        if (trainer.ImagesSeen > 0)
        {
            console.Error.WriteLine($"going on from image {Sizes.Count(trainer.ImagesSeen)} of {Sizes.Count(_options.Images)}");
        }

        using var saving = context.TakeTime();
        using var stopping = context.Cancellation.Register(() => console.Error.WriteLine("stopping after this step and saving; once more stops at once"));
        var complete = Train(trainer);
        if (trainer.RecordsNote is { } words)
        {
            console.Note(words);
        }

        if (complete)
        {
            console.Out.WriteLine(trainer.Folder.Model);
            console.Error.WriteLine(_options.Objective.StudentBecomesTeacher
                ? $"a diffusion model of few steps; draw with it: cm generate --sampler progressive --steps 1 --model {ShellWord.Quote(trainer.Folder.Model)}"
                : _options.Objective.Makes == ModelKind.Diffusion
                ? $"a diffusion model; tune it into a consistency model: cm train {ShellWord.Quote(plan.Pictures)} --objective ect --init {ShellWord.Quote(trainer.Folder.Model)} --run NEW-FOLDER"
                : $"a consistency model; draw with it: cm generate --model {ShellWord.Quote(trainer.Folder.Model)}");
            return;
        }

        console.Error.WriteLine(
            $"stopped and saved at image {Sizes.Count(trainer.ImagesSeen)} of {Sizes.Count(_options.Images)}, the model in {ShellWord.Quote(trainer.Folder.Model)}; go on with: cm {string.Join(' ', context.Arguments.Select(ShellWord.Quote))}");
    }

    private bool Train(Trainer trainer)
    {
        if (console.ErrorIsTerminal)
        {
            return Spinner.For(console, "training", report => trainer.Run(
                new SynchronousProgress<TrainingProgress>(p => report((double)p.ImagesSeen / p.ImagesTotal, Text($"loss {p.Loss:G4}, {p.ImagesPerSecond:F1} images/s, {Left(p)} left"))),
                context.Cancellation));
        }

        return trainer.Run(new SynchronousProgress<TrainingProgress>(p => console.Error.WriteLine(Line(p))), context.Cancellation);
    }

    private static string Line(TrainingProgress p)
    {
        return Text($"step {p.Step}  images {Sizes.Count(p.ImagesSeen)} of {Sizes.Count(p.ImagesTotal)}  loss {p.Loss:G4}  gradient {p.GradientNorm:G3}  rate {p.LearningRate:G3}  {p.ImagesPerSecond:F1} images/s  {Left(p)} left{(p.Skipped > 0 ? Text($"  ({p.Skipped} steps left out: not finite)") : "")}");
    }

    private static string Left(TrainingProgress p) =>
        Sizes.Time(TimeSpan.FromSeconds(Math.Min(Math.Max(p.ImagesTotal - p.ImagesSeen, 0) / Math.Max(p.ImagesPerSecond, 1e-3), 1e9)));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
