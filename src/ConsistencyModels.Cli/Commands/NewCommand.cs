using System.CommandLine;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm new</c>.</summary>
internal static class NewCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var config = new Argument<string>("CONFIG")
        {
            HelpName = "CONFIG",
            Description = $"The network: {NetworkSource.Forms}",
        };
        config.CompletionSources.Add([.. NetworkPresets.Names]);
        var output = new Option<string>("--out", "-o") { Description = "The folder to make; a name in .safetensors or .pt makes a single file", HelpName = "FOLDER", Required = true };
        var dtype = CommonOptions.DType("Precision of the file; default: f32");
        var seed = Options.Seed("--seed", "Seed of the weights; default: 0");
        var timesteps = Options.Whole("--train-timesteps", "Steps of the schedule: 40 (default) as for distilled models, 151 or 201 for others", 2, CMStochasticIterativeSchedulerConfig.MostTrainTimesteps);
        var names = Options.Text("--class-names", "Names of the classes, separated by commas; a preset gets as many classes", "NAME,...");
        var force = Options.Switch("--force", "Write into a folder that is not empty; files of the same names are replaced");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "new",
            "Make a model with random weights, for tests, benchmarks and training. The same seed gives the same file.",
            "cm new tiny32 --out tiny                               # a network small enough for tests",
            "cm new imagenet64 --out imagenet64                     # the published network of that name, to measure; so is lsun256",
            "cm new config.json --out big --dtype f16 --seed 1      # any UNet2DModel configuration")
        {
            config, output, dtype, seed, timesteps, names, force, quiet,
        };
        command.SetAction(result =>
        {
            var console = context.Console.Quiet(result.GetValue(quiet));
            var folder = result.GetRequiredValue(output);
            var words = result.GetRequiredValue(config);
            var network = NetworkSource.Load(words, console, context.Cancellation);
            var classNames = result.GetValue(names) is { } list ? Named(() => new ClassNames(list.Split(',', StringSplitOptions.TrimEntries))) : null;
            if (NetworkSource.IsPreset(words) && classNames is not null)
            {
                network = network with { NumClassEmbeds = classNames.ById.Count };
            }

            var scheduler = new CMStochasticIterativeSchedulerConfig { NumTrainTimesteps = result.GetValue(timesteps) ?? 40 };
            ThrowIfThere(folder, result.GetValue(force));
            var model = Named(() => FreshModel.Of(network, scheduler, classNames, result.GetValue(seed) ?? 0));
            var precision = new ModelWriteOptions { DType = CommonOptions.DTypeOf(result.GetValue(dtype)) };
            OutputFolder.MakeAbove(folder);
            Spinner.For(console, "writing", report => ModelWriter.Write(model, folder, precision, new SynchronousProgress<double>(part => report(part, "")), context.Cancellation));
            console.Out.WriteLine(folder);
            console.Error.WriteLine($"{Sizes.Count(model.ParameterCount)} parameters with random values");
            return ExitCode.Fine;
        });
        return command;
    }

    // Of what the library checks here only the names are the user's words.
    private static T Named<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e) when (e.ParamName is "classNames" or "names")
        {
            throw new ConsistencyModelsException($"--class-names: {Failure.OfOption(e)}", e);
        }
    }

    private static void ThrowIfThere(string folder, bool force)
    {
        if (File.Exists(folder))
        {
            throw new ConsistencyModelsException($"--out: {folder} is a file, expected a folder");
        }

        if (!force && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new ConsistencyModelsException($"--out: the folder {folder} is not empty; choose another, or add --force");
        }
    }
}
