using System.CommandLine;
using ConsistencyModels.Cli.Reports;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm info</c>.</summary>
internal static class InfoCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string?>("MODEL")
        {
            Description = "A model's folder, a .safetensors file, or a file of torch.save (.pt, .pth, .ckpt, .bin); default: the bundled model",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var parameters = OptionOf.Switch("--parameters", "List every parameter with its type and shape");
        var variant = OptionOf.Text("--variant", "Which weights of the folder, such as fp16; default: the plain ones", "NAME");
        var json = OptionOf.Switch("--json", "Print JSON");
        var command = new CliCommand(
            "info",
            "Say what is in a model: network, weights, classes, schedule. The weights are checked against the network.",
            "cm info                        # the bundled model and its classes",
            "cm info FOLDER --parameters    # every parameter with its shape",
            "cm info cd_imagenet64_l2.pt    # openai's checkpoint: the network is inferred from the tensors",
            "cm info weights.safetensors --json")
        {
            model, parameters, variant, json,
        };
        command.SetAction(result =>
        {
            var report = ModelReport.Read(result.GetValue(model) ?? BundledModel.FindOrThrow(), result.GetValue(variant));
            if (result.GetValue(json))
            {
                ModelReportText.WriteJson(context.Console.Out, report, result.GetValue(parameters));
            }
            else
            {
                ModelReportText.Write(context.Console.Out, report, result.GetValue(parameters));
            }

            return ExitCode.Fine;
        });
        return command;
    }
}
