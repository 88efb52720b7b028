using System.CommandLine;
using ConsistencyModels.Cli.Evaluating;
using ConsistencyModels.Cli.Generating;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Evaluation.References;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm sample-npz</c>.</summary>
internal static class SampleNpzCommand
{
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
            "Draw many pictures into an .npz as openai's evaluator takes it: arr_0, bytes [N, H, W, C], and arr_1, the labels of a model with classes.",
            "cm sample-npz --out samples.npz -n 10000",
            "cm sample-npz FOLDER --steps 2 --classes all --out samples.npz")
        {
            model, count, output, json, quiet,
        };
        sampling.AddTo(command);
        engine.AddTo(command);
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            var file = result.GetValue(output)!;
            OutputFolder.ThrowIfFolder("--out", file);
            LaunchedShare.ThrowIfSeveral("cm sample-npz");
            var total = result.GetValue(count) ?? 50_000;
            using var pictures = ModelPictures.Open(engine.Read(result, result.GetValue(model)), sampling.Read(result), total, console, context.Cancellation);
            OutputFolder.MakeAbove(file);
            Spinner.For(console, "drawing", report =>
            {
                Write(file, pictures, report, context.Cancellation);
                return true;
            });
            if (result.GetValue(json))
            {
                JsonText.Write(context.Console.Out, writer =>
                {
                    writer.WriteString("file", file);
                    writer.WriteNumber("count", total);
                    writer.WriteNumber("seed", pictures.Description.Seed);
                    writer.WriteNumber("side", pictures.Side);
                    writer.WriteNumber("channels", pictures.Channels);
                    writer.WriteBoolean("labels", pictures.HasClasses);
                    writer.WriteString("model_sha256", pictures.Description.Hash);
                    JsonText.Strings(writer, "notes", pictures.Notes);
                });
            }
            else
            {
                console.Out.WriteLine(file);
                console.Error.WriteLine($"{total} pictures by {pictures.Name}, seeds {pictures.Description.Seed} to {pictures.Description.Seed + (ulong)total - 1}");
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static void Write(string file, ModelPictures pictures, Action<double, string> report, CancellationToken cancellation) => NpzFile.Write(file, npz =>
    {
        var labels = new long[pictures.HasClasses ? pictures.Count : 0];
        npz.Add("arr_0", "|u1", [pictures.Count, pictures.Side, pictures.Side, pictures.Channels], stream =>
        {
            var done = 0;
            foreach (var image in pictures.Draw(0, pictures.Count, cancellation))
            {
                stream.Write(image.Image.Pixels);
                if (labels.Length > 0)
                {
                    labels[done] = image.ClassLabel!.Value;
                }

                report((double)++done / pictures.Count, $"{done} of {pictures.Count}");
            }
        });
        if (labels.Length > 0)
        {
            npz.Add("arr_1", [labels.Length], labels);
        }
    });
}
