using System.CommandLine;
using ConsistencyModels.Cli.Help;
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
            Description = "The model, as --model takes it, or a PNG; default: the bundled model",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var option = ModelArguments.Model();
        var parameters = Options.Switch("--parameters", "List every parameter with its type and shape");
        var files = new ModelArguments();
        var json = Options.Switch("--json", "Print JSON");
        var command = new CliCommand(
            "info",
            "Say what is in a model: network, weights, classes, schedule; or how a picture was made. Weights are checked against the network.",
            "cm info                        # the bundled model and its classes",
            "cm info FOLDER --parameters    # every parameter with its shape",
            "cm info cd_imagenet64_l2.pt    # openai's checkpoint: the network is inferred from the tensors",
            "cm info mine.pt --head-dim 32 --kind ct    # what its tensors do not tell",
            "cm info out/000007-book.png    # the parameters of a picture that cm drew",
            "cm info weights.safetensors --json")
        {
            model, option, parameters, json,
        };
        files.AddTo(command);
        command.SetAction(result =>
        {
            var settings = files.Read(result, ModelArguments.OneOf(result.GetValue(model), result.GetValue(option)));
            if (settings.Name is { } name && PictureReport.IsPicture(name))
            {
                PictureReport.Write(context.Console.Out, name, result.GetValue(json));
                return ExitCode.Fine;
            }

            var report = ModelReport.Read(settings.Find(context.Console, context.Cancellation), settings.Files);
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
