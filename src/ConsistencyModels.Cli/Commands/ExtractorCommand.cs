using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Evaluation.Extractors;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm extractor</c>.</summary>
internal static class ExtractorCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "resnet18, inception or lenet" };
        var weights = new Argument<string?>("FILE") { Description = "The file of weights it is made of; without one it says what is here", Arity = ArgumentArity.ZeroOrOne };
        var json = Options.Switch("--json", "Print what it is as JSON");
        var command = new CliCommand(
            "extractor",
            "Make an extractor for cm evaluate of a file of weights that you have, and keep it. FID's Inception is made of PyTorch's or TensorFlow's file, resnet18 of its package (.nupkg, found by itself where .NET has restored it), lenet of a LeNet-5 for MNIST.",
            "cm extractor inception pt_inception-2015-12-05-6726825d.pth",
            "cm extractor inception classify_image_graph_def.pb",
            "cm extractor resnet18                                  # what is here")
        {
            name, weights, json,
        };
        command.SetAction(result =>
        {
            var store = new ExtractorStore();
            var path = result.GetValue(weights) is { } file ? store.Make(result.GetRequiredValue(name), file) : store.Find(result.GetRequiredValue(name));
            using var extractor = OnnxExtractor.Open(path);
            if (result.GetValue(json))
            {
                JsonText.Write(context.Console.Out, writer =>
                {
                    writer.WriteString("name", extractor.Manifest.Name);
                    writer.WriteString("file", path);
                    writer.WriteString("sha256", extractor.Hash);
                    writer.WriteNumber("features", extractor.FeatureLength);
                    writer.WriteString("source", extractor.Manifest.Source);
                    writer.WriteString("onnxruntime", OnnxExtractor.RuntimeVersion);
                    writer.WriteString("onnxruntime_library", OnnxRuntimeLibrary.Path);
                });
            }
            else
            {
                context.Console.Out.WriteLine(path);
                context.Console.Error.WriteLine($"{extractor.Manifest.Name}: {extractor.FeatureLength} features of pictures of {extractor.Manifest.Width}x{extractor.Manifest.Height}, from {extractor.Manifest.Source ?? "an unknown source"}, SHA-256 {extractor.Hash}");
            }

            return ExitCode.Fine;
        });
        return command;
    }
}
