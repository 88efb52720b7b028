using System.CommandLine;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Help;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm sample-npz</c>.</summary>
internal static class SampleNpzCommand
{
    private const int DefaultCount = 50_000;

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var engine = new EngineArguments(context.Engines);
        var sampling = new SamplingArguments(engine.ModelOption);
        var model = new Argument<string?>("MODEL") { Description = ModelArguments.Forms, Arity = ArgumentArity.ZeroOrOne };
        var count = Options.Whole("--count", "How many; default: 50000", 1, 10_000_000, "N", "-n");
        var output = Options.Text("--out", "The file to write", "FILE", "-o");
        output.Required = true;
        var json = Options.Switch("--json", "Print what was written as JSON");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "sample-npz",
            "Draw many pictures into an .npz as openai's evaluator takes it: arr_0, bytes [N, H, W, C], and arr_1, the labels of a model with classes. "
            + "A command that was stopped goes on, and mpirun -n 2 cm sample-npz ... shares the work: parts lie in FILE.parts meanwhile.",
            "cm sample-npz --out samples.npz -n 10000",
            "cm sample-npz FOLDER --steps 2 --classes all --out samples.npz")
        {
            model, count, output, json, quiet,
        };
        sampling.AddTo(command);
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var file = result.GetValue(output)!;
            OutputFolder.ThrowIfFolder("--out", file);
            return context.RunShared(
                processes =>
                {
                    var console = context.Console.Quiet(result.GetValue(quiet) || processes.Rank > 0);
                    using var pictures = ModelPictures.Open(
                        engine.Read(result, result.GetValue(model)), sampling.Read(result), result.GetValue(count) ?? DefaultCount, console, context.Cancellation);
                    OutputFolder.MakeAbove(file);
                    var found = Spinner.For(console, "drawing", report => new SampleParts(pictures, file, processes).Write(report, context.Cancellation));
                    if (processes.Rank == 0)
                    {
                        Report(context, console, pictures, file, found, result.GetValue(json));
                    }

                    return ExitCode.Fine;
                });
        });
        return command;
    }

    private static void Report(CommandContext context, CliConsole console, ModelPictures pictures, string file, int found, bool json)
    {
        if (json)
        {
            JsonText.Write(context.Console.Out, writer =>
            {
                writer.WriteString("file", file);
                writer.WriteNumber("count", pictures.Count);
                writer.WriteNumber("seed", pictures.Description.Seed);
                writer.WriteNumber("side", pictures.Side);
                writer.WriteNumber("channels", pictures.Channels);
                writer.WriteBoolean("labels", pictures.HasClasses);
                writer.WriteString("model_sha256", pictures.Description.Hash);
                JsonText.Strings(writer, "notes", pictures.Notes);
            });
            return;
        }

        console.Out.WriteLine(file);
        var before = found > 0 ? $", {found} of them drawn by a command before" : "";
        console.Error.WriteLine($"{pictures.Count} pictures by {pictures.Name}, seeds {pictures.Description.Seed} to {pictures.Description.Seed + (ulong)pictures.Count - 1}{before}");
    }
}
