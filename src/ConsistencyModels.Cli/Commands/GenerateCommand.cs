using System.CommandLine;
using System.Globalization;
using ConsistencyModels.Cli.Generating;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm generate</c>.</summary>
internal static class GenerateCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var classes = new Option<string[]>("--classes", "-c")
        {
            Description = "What to show: names or numbers, separated by commas and used in turn; \"all\" is each class; default: drawn at random",
            HelpName = "NAME,...",
            DefaultValueFactory = _ => [],
        };
        classes.CompletionSources.Add("all");
        var count = OptionOf.Whole("--count", "How many pictures; default: one, or one for each of --classes", 1, 1_000_000, "N", "-n");
        var steps = OptionOf.Whole("--steps", "Steps, each a pass through the network; default: 1", 1);
        var timesteps = new Option<int[]?>("--timesteps")
        {
            Description = "A schedule of one's own in place of --steps: descending indices, such as 22,0",
            HelpName = "N,...",
            CustomParser = result => Indices(result.Tokens[^1].Value, result.AddError),
        };
        var seed = OptionOf.Seed("--seed", "Seed of the first picture, the next ones count on: picture i is that of --seed SEED+i alone; default: random");
        var latents = OptionOf.Text("--latents", "Start from given noise: the tensor \"latents\" [N, C, H, W] of a safetensors file", "FILE");
        var size = OptionOf.Whole("--size", "Height and width; default: what the model was made for", 1, 8192, "PIXELS");
        var output = OptionOf.Text("--out", "A folder, or a file's name for one picture or a grid; default: the folder out", "PATH", "-o");
        var grid = OptionOf.Switch("--grid", "One sheet with all pictures in place of single files");
        var columns = OptionOf.Whole("--columns", "Pictures in a row of the sheet; default: a column for each of --classes, or a square", 1, 10_000);
        var scale = OptionOf.Whole("--scale", "Enlarge every pixel to N x N, hard-edged; default: 1", 1, 64);
        var format = OptionOf.OneOf("--format", "png (default; carries the parameters as text), jpeg, or webp (lossless)", "png", "jpeg", "webp");
        var engine = new EngineArguments(context.Engines);
        var json = OptionOf.Switch("--json", "Print files, seeds, classes and times as JSON");
        var quiet = OptionOf.Switch("--quiet", "Print nothing but errors (and what --json prints)", "-q");

        var command = new CliCommand(
            "generate",
            "Make pictures with a consistency model, in one step or a few.",
            "cm generate                                            # one picture by the bundled model, into out/",
            "cm generate --classes all -n 32 --grid --out tiles.png # a sheet, a column for each class",
            "cm generate -c monster,floor -n 10 --seed 7 --scale 4  # ten files; the third again: -c monster --seed 9",
            "cm generate --model FOLDER --timesteps 22,0 -o a.png   # two steps of a model of your own",
            "cm generate -m openai/diffusers-cd_imagenet64_l2 -c 88 # downloaded from the Hub once; -m cd_imagenet64_l2.pt: a file")
        {
            classes, count, steps, timesteps, seed, latents, size, output, grid, columns, scale, format, json, quiet,
        };
        engine.AddTo(command);
        command.SetAction(result => Run(context, new GenerateSettings
        {
            Engine = engine.Read(result),
            Classes = result.GetValue(classes) ?? [],
            Count = result.GetValue(count),
            Steps = result.GetValue(steps),
            Timesteps = result.GetResult(timesteps) is null ? null : result.GetValue(timesteps),
            Seed = result.GetValue(seed),
            Latents = result.GetValue(latents),
            Size = result.GetValue(size),
            Out = result.GetValue(output),
            Grid = result.GetValue(grid),
            Columns = result.GetValue(columns),
            Scale = result.GetValue(scale) ?? 1,
            Format = result.GetValue(format),
            Json = result.GetValue(json),
            Quiet = result.GetValue(quiet),
        }));
        return command;
    }

    private static int Run(CommandContext context, GenerateSettings settings)
    {
        var console = context.Console.Quiet(settings.Quiet);
        var report = new GenerateRun(settings, GeneratePlan.Make(settings, console, context.Cancellation), console, context.Cancellation).Execute();
        if (settings.Json)
        {
            report.WriteJson(context.Console.Out);
        }
        else
        {
            report.WriteText(console);
        }

        return ExitCode.Fine;
    }

    private static int[]? Indices(string text, Action<string> error)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var indices = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out indices[i]))
            {
                error($"--timesteps is '{text}', expected whole numbers such as 22,0");
                return null;
            }
        }

        return indices;
    }
}
