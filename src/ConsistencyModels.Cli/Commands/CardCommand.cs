using System.CommandLine;
using ConsistencyModels.Cli.Cards;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm card</c>.</summary>
internal static class CardCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines);
        var model = new Argument<string?>("MODEL") { Description = "A consistency model; default: the bundled model", Arity = ArgumentArity.ZeroOrOne };
        var reference = Options.Text("--reference", "The pictures it was trained on: a folder, .zip, .npz or other data set", "DATA");
        reference.Required = true;
        var chosen = new ReferenceArguments();
        var teacher = Options.Text("--teacher", "The diffusion model it was made of, to be measured beside it", "MODEL");
        var runs = Options.Text("--runs", "Folders of the runs that made it, in their order", "FOLDER,...");
        var steps = Options.Indices("--steps", "Numbers of steps to show and to measure; default: 1,2,4", "1,2,4");
        var count = Options.Whole("--count", "Samples of each measurement; default: 5000", 2, 10_000_000, "N", "-n");
        var extractor = Options.Text("--extractor", "What looks at the pictures: resnet18 (default), inception, lenet, or an ONNX file with its manifest", "NAME");
        var output = Options.Text("--out", "Folder of README.md and card/ (pictures and manifests): the model's own folder, for example", "FOLDER", "-o");
        output.Required = true;
        var about = Options.Text("--about", "A file of Markdown to put below the pictures: what the model is for, and what it does badly", "FILE");
        var license = Options.Text("--license", "Licence of the weights, such as mit", "NAME");
        var data = Options.Text("--data-license", "Where the pictures come from, and under which licence", "TEXT");
        var force = Options.Switch("--force", "Replace a README.md that is there");
        var quiet = Options.Switch("--quiet", "Print nothing but the card's file", "-q");
        var command = new CliCommand(
            "card",
            "Write a model's card: what it draws, distances to its training data in 1, 2 and 4 steps beside its teacher, real pictures and noise, near copies, and how it was made. "
            + "Each number has a manifest that cm evaluate --repeat reproduces.",
            "cm card runs/ect/model --reference PICTURES --teacher runs/edm/model --runs runs/edm,runs/ect --out card",
            "cm card FOLDER --reference PICTURES -n 2000 --license mit --data-license \"My photographs, CC BY 4.0\" --out card")
        {
            model, reference, teacher, runs, steps, count, extractor, output, about, license, data, force, quiet,
        };
        chosen.AddTo(command);
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            var folder = result.GetValue(output)!;
            if (File.Exists(Path.Combine(folder, "README.md")) && !result.GetValue(force))
            {
                throw new ConsistencyModelsException($"{Path.Combine(folder, "README.md")} is there already; --force replaces it");
            }

            int[] numbers = result.GetResult(steps) is null ? [1, 2, 4] : [.. result.GetValue(steps)!.Order().Distinct()];
            if (numbers.Length == 0 || numbers[0] < 1)
            {
                throw new ConsistencyModelsException("--steps: a model draws in 1 step or more, expected numbers such as 1,2,4");
            }

            var settings = new CardSettings
            {
                Engine = engine.Read(result, result.GetValue(model)),
                Reference = result.GetValue(reference)!,
                ReferenceSelection = chosen.Read(result),
                Teacher = result.GetValue(teacher),
                Runs = result.GetValue(runs)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
                Steps = numbers,
                Count = result.GetValue(count) ?? 5000,
                Extractor = result.GetValue(extractor),
                Out = folder,
                About = result.GetValue(about),
                License = result.GetValue(license),
                DataLicense = result.GetValue(data),
            };
            console.Out.WriteLine(new CardJob(settings, $"cm {string.Join(' ', context.Arguments.Select(ShellWord.Quote))}", console, context.Cancellation).Run());
            return ExitCode.Fine;
        });
        return command;
    }
}
