using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Onnx;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm export</c>: formats that others run and that this program does not read back.</summary>
internal static class ExportCommand
{
    private const string Ending = ".onnx";

    private static readonly string[] Examples =
    [
        "cm export onnx imagenet64 unet.onnx                                      # the network, as diffusers' UNet2DModel.forward",
        "cm export onnx imagenet64 f.onnx --function consistency --dtype f16      # noise to picture in one call, half the size",
        "cm export onnx cd_imagenet64_l2.pt unet.onnx --dynamic-size              # from openai's checkpoint, for pictures of any size",
    ];

    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context) =>
        new CliCommand("export", "Write a model for other runtimes.", Examples) { Onnx(context) };

    private static CliCommand Onnx(CommandContext context)
    {
        var input = new Argument<string>("MODEL") { Description = $"The model: {ModelArguments.Forms}" };
        var output = new Argument<string>("OUT.onnx") { Description = "The file to write; weights above 256 MiB go to OUT.onnx.data beside it" };
        var function = Options.OneOf(
            "--function", "network: sample, timestep to out_sample (default); consistency: x, sigma to denoised, with the scalings around it", "network", "consistency");
        var dtype = Options.OneOf("--dtype", "Precision of weights and activations; inputs and outputs are float32; default: f32", "f32", "f16");
        var dynamic = Options.Switch("--dynamic-size", "Leave height and width open; the batch always is");
        var files = new ModelArguments();
        var force = Options.Switch("--force", "Replace what is there");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand("onnx", "Write a model as ONNX, for ONNX Runtime, DirectML, OpenVINO and others.", Examples)
        {
            input, output, function, dtype, dynamic, force, quiet,
        };
        files.AddTo(command);
        command.SetAction(result =>
        {
            var path = result.GetRequiredValue(output);
            ThrowIfRefused(path, result.GetValue(force));
            var console = context.Console.Quiet(result.GetValue(quiet));
            var which = files.Read(result, result.GetRequiredValue(input));
            using var model = which.Open(console, context.Cancellation);
            OutputFolder.MakeAbove(path);
            var bytes = Spinner.For(console, "exporting", _ => OnnxExporter.Export(model, path, new OnnxExportOptions
            {
                Function = result.GetValue(function) == "consistency" ? OnnxFunction.Consistency : OnnxFunction.Network,
                DType = CommonOptions.DTypeOf(result.GetValue(dtype)),
                DynamicSize = result.GetValue(dynamic),
            }, context.Cancellation));
            console.Out.WriteLine(path);
            console.Error.WriteLine($"{Sizes.Count(model.ParameterCount)} parameters, {Sizes.Bytes(bytes)}");
            return ExitCode.Fine;
        });
        return command;
    }

    private static void ThrowIfRefused(string path, bool force)
    {
        if (!path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
        {
            throw new ConsistencyModelsException($"{path}: expected a name ending in {Ending}");
        }

        if (Directory.Exists(path))
        {
            throw new ConsistencyModelsException($"{path}: this is a folder, expected a file");
        }

        if (!force && (File.Exists(path) || File.Exists(path + OnnxExporter.DataEnding)))
        {
            throw new ConsistencyModelsException($"{path}: something is there already; choose another name, or add --force");
        }
    }
}
