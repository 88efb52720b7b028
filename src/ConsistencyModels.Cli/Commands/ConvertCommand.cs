using System.CommandLine;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm convert</c>.</summary>
internal static class ConvertCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var input = new Argument<string>("IN") { Description = $"The model: {ModelArguments.Forms}" };
        var output = new Argument<string>("OUT") { Description = "What to write: a .pt or .safetensors file, or else a folder in diffusers' layout" };
        var dtype = CommonOptions.DType("Precision of the weights; default: as they are");
        var names = Options.OneOf("--names", "Names in a single file; default: openai's in .pt, diffusers' in .safetensors", "diffusers", "openai");
        var files = new ModelArguments();
        var shard = Options.Text("--max-shard-size", "Split a folder's weights into files of this size; default: 10GB", "SIZE");
        var variant = Options.Text("--out-variant", "Variant in the names of a folder's weights, such as fp16; default: plain names", "NAME");
        var force = Options.Switch("--force", "Replace what is there");
        var quiet = Options.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "convert",
            "Convert a model between openai's checkpoints and diffusers' folders, both ways and bit for bit.",
            "cm convert cd_imagenet64_l2.pt imagenet64          # openai's checkpoint to a folder",
            "cm convert imagenet64 mine.pt                      # and back",
            "cm convert model.pt small --dtype f16 --kind ct    # half precision, consistency training")
        {
            input, output, dtype, names, shard, variant, force, quiet,
        };
        files.AddTo(command);
        command.SetAction(result =>
        {
            var (from, to) = (result.GetRequiredValue(input), result.GetRequiredValue(output));
            ThrowIfThere(from, to, result.GetValue(force));
            var model = files.Read(result, from);
            var options = new ModelWriteOptions
            {
                DType = result.GetValue(dtype) is { } word ? CommonOptions.DTypeOf(word) : null,
                Naming = result.GetValue(names) switch { "diffusers" => TensorNaming.Diffusers, "openai" => TensorNaming.OpenAi, _ => null },
                MaxShardSize = ShardSize(result.GetValue(shard)),
                Variant = result.GetValue(variant),
            };
            var console = context.Console.Quiet(result.GetValue(quiet));
            using var source = model.Open(console, context.Cancellation);
            OutputFolder.MakeAbove(to);
            var written = Spinner.For(console, "converting", report => ModelWriter.Write(source, to, options, new SynchronousProgress<double>(part => report(part, "")), context.Cancellation));
            var types = written.GroupBy(tensor => tensor.DType).OrderByDescending(group => group.Sum(tensor => tensor.ElementCount)).Select(group => group.Key.FormatName());
            console.Out.WriteLine(to);
            console.Error.WriteLine(
                $"{Sizes.Count(source.ParameterCount)} parameters, {string.Join(", ", types)}, "
                + $"{source.Config.SampleSize}, {source.Scheduler.NumTrainTimesteps} timesteps, heads of {source.Config.AttentionHeadDim}");
            return ExitCode.Fine;
        });
        return command;
    }

    private static void ThrowIfThere(string from, string to, bool force)
    {
        if (SamePath.Of(from, to))
        {
            throw new ConsistencyModelsException($"{to}: IN and OUT are the same");
        }

        if (!force && (File.Exists(to) || (Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any())))
        {
            throw new ConsistencyModelsException($"{to}: something is there already; choose another name, or add --force");
        }
    }

    private static long ShardSize(string? text) =>
        text is null ? WeightWriter.DefaultShardSize
        : WeightWriter.TryParseSize(text, out var bytes) ? bytes
        : throw new ConsistencyModelsException($"--max-shard-size is '{text}', expected a size such as 500MB or 5GB");
}
