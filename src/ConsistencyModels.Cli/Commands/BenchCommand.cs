using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Cli.Measuring;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm bench</c>.</summary>
internal static class BenchCommand
{
    private const int TrainingBatch = 16;

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string?>("MODEL")
        {
            Description = "The model, as --model takes it; default: the bundled model",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var batch = Options.Whole("--batch", "Pictures at once; default: 1, for --train 16", 1, 1024, "N", "-b");
        var train = Options.Switch("--train", "Measure steps of training on the model's network: passes, optimizer, one average");
        var steps = Options.Whole("--steps", "Steps; each is a network call of a consistency model; default: 1", 1, 1000);
        var rounds = Options.Whole("--rounds", "Rounds to measure; default: at least 3, for 5 seconds", 1, 1_000_000);
        var all = Options.Switch("--all-rounds", "List every round in the JSON, not only the median and quartiles");
        var engine = new EngineArguments(context.Engines, chunk: false);
        var json = Options.Switch("--json", "Print JSON");
        var command = new CliCommand(
            "bench",
            "Measure how fast a model makes pictures on this machine, and the memory it takes.",
            "cm bench                                             # the bundled model",
            "cm bench FOLDER --batch 4 --threads 2 --steps 2      # four pictures at once, in two steps",
            "cm bench FOLDER --engine torch                       # the same with libtorch",
            "cm bench --train --batch 64                          # how fast the bundled model's network learns",
            "cm new imagenet64 --out imagenet64 && cm bench imagenet64  # the published network, with random weights")
        {
            model, batch, train, steps, rounds, all, json,
        };
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var settings = new BenchSettings
            {
                Engine = engine.Read(result, result.GetValue(model)),
                Batch = result.GetValue(batch) ?? (result.GetValue(train) ? TrainingBatch : 1),
                Steps = result.GetValue(steps) ?? 1,
                Rounds = result.GetValue(rounds),
                AllRounds = result.GetValue(all),
            };
            using var opened = settings.Engine.Model.Open(context.Console, context.Cancellation);
            if (result.GetValue(train))
            {
                Write(Spinner.For(context.Console, "measuring", tell => TrainBenchRun.Measure(opened, settings, tell, context.Cancellation)), context, result.GetValue(json));
                return ExitCode.Fine;
            }

            var report = Spinner.For(context.Console, "measuring", tell => BenchRun.Measure(opened, settings, tell, context.Cancellation));
            if (result.GetValue(json))
            {
                report.WriteJson(context.Console.Out);
            }
            else
            {
                report.Write(context.Console.Out);
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static void Write(TrainBenchReport report, CommandContext context, bool json)
    {
        if (json)
        {
            report.WriteJson(context.Console.Out);
        }
        else
        {
            report.Write(context.Console.Out);
        }
    }
}
