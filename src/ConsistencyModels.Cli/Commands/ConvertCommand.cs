using System.CommandLine;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cli.Commands;

/// <summary><c>cm convert</c>.</summary>
internal static class ConvertCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create(CommandContext context)
    {
        var input = new Argument<string>("IN") { Description = "A model's folder, a .safetensors file, or a file of torch.save (.pt, .pth, .ckpt, .bin)" };
        var output = new Argument<string>("OUT") { Description = "What to write: a .pt or .safetensors file, or else a folder in diffusers' layout" };
        var dtype = ModelOptions.DType("Precision of the weights; default: as they are");
        var names = OptionOf.OneOf("--names", "Names in a single file; default: openai's in .pt, diffusers' in .safetensors", "diffusers", "openai");
        var kind = OptionOf.OneOf("--kind", "How the model was made, where IN does not say: cd (40 steps) or ct (201, or 151 at 256 pixels)", "cd", "ct");
        var steps = OptionOf.Whole("--train-timesteps", "Steps of the schedule, whatever IN or --kind says", 2, 1_000_000);
        var headDim = OptionOf.Whole("--head-dim", "Channels of an attention head, which .pt files do not tell; default: 64, or the most that fits", 1, 16384);
        var size = OptionOf.Whole("--image-size", "Size of the images, which .pt files do not tell; default: by the published widths", 1, 8192);
        var entry = OptionOf.Text("--entry", "Which part of a training checkpoint to take, such as ema; default: averaged weights before others", "KEY");
        var shard = OptionOf.Text("--max-shard-size", "Split a folder's weights into files of this size; default: 10GB", "SIZE");
        var variant = OptionOf.Text("--variant", "Variant to read from a folder and to write into one, such as fp16", "NAME");
        var force = OptionOf.Switch("--force", "Replace what is there");
        var quiet = OptionOf.Switch("--quiet", "Print nothing but errors", "-q");
        var command = new CliCommand(
            "convert",
            "Convert a model between openai's checkpoints and diffusers' folders, both ways and bit for bit.",
            "cm convert cd_imagenet64_l2.pt imagenet64          # openai's checkpoint to a folder",
            "cm convert imagenet64 mine.pt                      # and back",
            "cm convert model.pt small --dtype f16 --kind ct    # half precision, consistency training")
        {
            input, output, dtype, names, kind, steps, headDim, size, entry, shard, variant, force, quiet,
        };
        command.SetAction(result =>
        {
            var (from, to) = (result.GetRequiredValue(input), result.GetRequiredValue(output));
            ThrowIfThere(from, to, result.GetValue(force));
            var options = new ConversionOptions
            {
                Input = new ModelFileOptions
                {
                    Variant = Directory.Exists(from) ? result.GetValue(variant) : null,
                    Entry = result.GetValue(entry),
                    HeadDim = result.GetValue(headDim),
                    SampleSize = result.GetValue(size) is { } pixels ? new ImageSize(pixels, pixels) : null,
                    Kind = result.GetValue(kind) switch { "cd" => ConsistencyKind.Distilled, "ct" => ConsistencyKind.Trained, _ => null },
                    NumTrainTimesteps = result.GetValue(steps),
                },
                DType = result.GetValue(dtype) is { } word ? ModelOptions.DTypeOf(word) : null,
                Names = result.GetValue(names) switch { "diffusers" => ModelNames.Diffusers, "openai" => ModelNames.OpenAi, _ => null },
                MaxShardSize = ShardSize(result.GetValue(shard)),
                Variant = result.GetValue(variant),
            };
            var console = context.Console.Quiet(result.GetValue(quiet));
            using var model = ModelFiles.Open(from, options.Input);
            Waiting.For(console, "converting", _ =>
            {
                ModelConversion.Write(model, to, options);
                return true;
            });
            console.Out.WriteLine(to);
            console.Error.WriteLine(
                $"{Sizes.Count(model.ParameterCount)} parameters, {string.Join(", ", model.DTypes.Select(type => type.FormatName()))}, "
                + $"{model.Config.SampleSize}, {model.Scheduler.NumTrainTimesteps} timesteps, heads of {model.Config.AttentionHeadDim}");
            return ExitCode.Fine;
        });
        return command;
    }

    private static void ThrowIfThere(string from, string to, bool force)
    {
        if (Path.GetFullPath(from) == Path.GetFullPath(to))
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
