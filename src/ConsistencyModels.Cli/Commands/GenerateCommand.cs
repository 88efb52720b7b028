using System.CommandLine;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm generate</c>.</summary>
internal static class GenerateCommand
{
    private static IEnumerable<string> Samplers => Enum.GetNames<SamplerKind>().Select(name => name.ToLowerInvariant());

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines);
        var classes = CommonOptions.Classes("What to show: names or numbers, separated by commas and used in turn; \"all\" is each class; default: drawn at random", engine.ModelOption);
        var count = Options.Whole("--count", "How many pictures; default: one, or one for each of --classes", 1, 1_000_000, "N", "-n");
        var sampler = Options.OneOf("--sampler", "How noise becomes a picture; default: multistep for a consistency model, heun for a diffusion model", [.. Samplers]);
        var steps = Options.Whole("--steps", "Steps of the sampler; default: 1 for onestep, multistep (10 in tiles) and progressive, 36 for euler and ancestral, else 18", 1);
        var timesteps = Options.Indices("--timesteps", "A custom schedule of multistep in place of --steps: descending indices, such as 22,0", "22,0");
        var sigmaMax = Options.Number("--sigma-max", "The noise level to start at; default: the model's largest", 0);
        var churn = Options.NumberFrom("--churn", "Fresh noise that heun, dpm2 and edm add on the way (S_churn); default: 0", 0);
        var seed = Options.Seed("--seed", "Seed of the first picture, the next ones count on: picture i is that of --seed SEED+i alone; default: random");
        var latents = Options.Text("--latents", "Start from given noise: the tensor \"latents\" [N, C, H, W] of a safetensors file", "FILE");
        var saveLatents = Options.Text("--save-latents", "Write the noise that the pictures start from, for --latents: in one step and of the same class the same picture comes again", "FILE");
        var size = Options.Size("--size", "Width and height, or one number for both; larger than what the model was made for (the default) is drawn in overlapping tiles, without seams", 8192);
        var output = Options.Text("--out", "A folder, or a file's name for one picture or a grid; - is standard output; default: the folder out", "PATH", "-o");
        var grid = Options.Switch("--grid", "One sheet with all pictures in place of single files");
        var columns = Options.Whole("--columns", "Pictures in a row of the sheet; default: a column for each of --classes, or a square", 1, 10_000);
        var scale = Options.Whole("--scale", "Enlarge every pixel to N x N, hard-edged; default: 1", 1, 64);
        var format = Options.OneOf("--format", "png (default; carries the parameters as text), jpeg, webp (lossless); npy or safetensors: floats [N, C, H, W] in [-1, 1], all in one file", "png", "jpeg", "webp", "npy", "safetensors");
        var json = Options.Switch("--json", "Print files, seeds, classes and times as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but errors (and what --json prints)", "-q");

        var command = new CliCommand(
            "generate",
            "Make pictures with a consistency model, in one step or a few, or with a diffusion model.",
            "cm generate                                            # one picture by the bundled model, into out/",
            "cm generate --classes all -n 32 --grid --out tiles.png # a sheet, a column for each class",
            "cm generate -c book,floor -n 10 --seed 7 --scale 4  # ten files; the third again: -c book --seed 9",
            "cm generate --model FOLDER --timesteps 22,0 -o a.png   # two steps of a model of your own",
            "cm generate --model RUN/model --sampler heun           # a diffusion model that cm train made",
            "cm generate --size 96x64 -c wall                       # larger than the model's 32x32",
            "cm generate -n 64 --seed 1 -o images.npy               # floats for NumPy, not pictures",
            "cm generate -m openai/diffusers-cd_imagenet64_l2 -c 88 # downloaded from the Hub once; -m cd_imagenet64_l2.pt: a file")
        {
            classes, count, sampler, steps, timesteps, sigmaMax, churn, seed, latents, saveLatents, size, output, grid, columns, scale, format, json, quiet,
        };
        engine.AddTo(command);
        command.SetAction(result => Run(context, new GenerateSettings
        {
            Engine = engine.Read(result),
            Classes = result.GetValue(classes) ?? [],
            Count = result.GetValue(count),
            Sampler = result.GetValue(sampler) is { } word ? Enum.Parse<SamplerKind>(word, ignoreCase: true) : null,
            Steps = result.GetValue(steps),
            Timesteps = result.GetResult(timesteps) is null ? null : result.GetValue(timesteps),
            SigmaMax = result.GetValue(sigmaMax),
            Churn = result.GetValue(churn) ?? 0,
            Seed = result.GetValue(seed),
            Latents = result.GetValue(latents),
            SaveLatents = result.GetValue(saveLatents),
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
        using var job = GenerateJob.Make(settings, console, context.Cancellation);
        var report = job.Run();
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
}
