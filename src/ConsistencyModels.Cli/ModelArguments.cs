using System.CommandLine;
using System.CommandLine.Completions;
using ConsistencyModels.Cli.Help;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli;

/// <summary>The options of <see cref="ModelSettings"/>: which model it is, and what its files may not tell.</summary>
internal sealed class ModelArguments
{
    /// <summary>What may stand for a model.</summary>
    public const string Forms =
        "a folder of diffusers, a .safetensors file, a file of torch.save (.pt, .pth, .ckpt, .bin), organisation/name on the Hub, an address, or one of openai's checkpoints such as cd_imagenet64_l2";

    private readonly Option<string?> _revision = Options.Text("--revision", "A branch, a tag or a commit of a model on the Hub; default: main", "NAME");
    private readonly Option<string?> _variant = Options.Text("--variant", "Which weights of a folder, such as fp16; default: the plain ones", "NAME");
    private readonly Option<string?> _entry = Options.Text("--entry", "Which part of a training checkpoint to take, such as ema; default: averaged weights before others", "KEY");
    private readonly Option<int?> _headDim = Options.Whole("--head-dim", "Channels of an attention head, which bare tensors do not tell; default: 64, or the most that fits", 1, 16384);
    private readonly Option<int?> _imageSize = Options.Whole("--image-size", "Size of the images, which bare tensors do not tell; default: by the published widths", 1, 8192, "PIXELS");
    private readonly Option<string?> _kind = Options.OneOf("--kind", "How the model was trained, where it does not say: cd (40 steps), ct (201, or 151 at 256 pixels), or edm (a diffusion model)", "cd", "ct", "edm");
    private readonly Option<int?> _steps = Options.Whole("--train-timesteps", "Steps of the schedule, whatever the model or --kind says", 2, CMStochasticIterativeSchedulerConfig.MostTrainTimesteps);

    /// <summary>An option that names the model.</summary>
    public static Option<string?> Model()
    {
        var option = Options.Text("--model", $"The model: {Forms}; default: the bundled model of 32x32 tiles", "MODEL", "-m");
        option.CompletionSources.Add(_ => BundledModel.Names(AppContext.BaseDirectory).Concat(PublishedCheckpoints.Names).Select(name => new CompletionItem(name)));
        return option;
    }

    /// <summary>The model of a command that takes it as an argument and, as all others do, by <c>--model</c>.</summary>
    /// <param name="argument">The argument, or null.</param>
    /// <param name="option">The option, or null.</param>
    /// <exception cref="ConsistencyModelsException">Both were given.</exception>
    public static string? OneOf(string? argument, string? option) => argument is null || option is null
        ? argument ?? option
        : throw new ConsistencyModelsException($"the model is '{argument}' and --model '{option}'; give one of them");

    /// <summary>Adds all options but the model's name to a command.</summary>
    public void AddTo(CliCommand command) => command.AddGroup("More about the model", [_revision, _variant, _entry, _headDim, _imageSize, _kind, _steps]);

    /// <summary>What was said.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="model">The model's name; null for the bundled one.</param>
    public ModelSettings Read(ParseResult result, string? model) => new()
    {
        Name = model,
        Files = new ModelOptions
        {
            Revision = result.GetValue(_revision),
            Variant = result.GetValue(_variant),
            Entry = result.GetValue(_entry),
            HeadDim = result.GetValue(_headDim),
            SampleSize = result.GetValue(_imageSize) is { } pixels ? new ImageSize(pixels, pixels) : null,
            Mode = result.GetValue(_kind) switch { "cd" => TrainingMode.ConsistencyDistillation, "ct" => TrainingMode.ConsistencyTraining, "edm" => TrainingMode.Edm, _ => null },
            NumTrainTimesteps = result.GetValue(_steps),
        },
    };
}

/// <summary>Which model, in the user's words.</summary>
internal sealed record ModelSettings
{
    /// <summary>A folder, a file, the name of a bundled model, or a name to download by; null for the bundled model.</summary>
    public string? Name { get; init; }

    /// <summary>Which files of it, and what replaces facts that they do not hold.</summary>
    public ModelOptions Files { get; init; } = new();

    /// <summary>The name by which pictures and reports call the model.</summary>
    public string ShortName => Name is null ? BundledModel.Name
        : ModelLocation.IsOnDisk(Name) || !ModelLocation.IsRemote(Name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Name)))
        : Uri.TryCreate(Name, UriKind.Absolute, out var address) ? Uri.UnescapeDataString(address.Segments[^1])
        : Name;

    /// <summary>The same, but for a bundled model its folder.</summary>
    /// <exception cref="ConsistencyModelsException">None is named, and the bundled model is not there.</exception>
    public string Place => Name is null ? BundledModel.FindOrThrow() : (ModelLocation.IsOnDisk(Name) ? null : BundledModel.Find(AppContext.BaseDirectory, Name)) ?? Name;

    /// <summary>Whether words name a bundled model, and nothing on disk.</summary>
    public static bool IsBundled(string words) => !ModelLocation.IsOnDisk(words) && BundledModel.Find(AppContext.BaseDirectory, words) is not null;

    /// <summary>Finds the model, and downloads it if it is not here.</summary>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <returns>A folder or file that is there.</returns>
    /// <exception cref="ConsistencyModelsException">It is nowhere, or cannot be downloaded.</exception>
    public string Find(CliConsole console, CancellationToken cancellation)
    {
        if (Name is not null && !ModelLocation.IsOnDisk(Name) && ModelLocation.IsRemote(Name))
        {
            return Spinner.For(console, "downloading", report => ModelLocation.FindAsync(Name, Files, DownloadProgress.To(report), cancellation));
        }

        return Files.Revision is null
            ? Place
            : throw new ConsistencyModelsException($"--revision is '{Files.Revision}', but {Name ?? "the bundled model"} does not come from the Hub; leave it out");
    }

    /// <summary>Finds and opens the model: its small files, not its weights.</summary>
    /// <param name="console">Where to show a download's progress, and what was chosen among several things in its file.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">It is nowhere, cannot be downloaded, or is damaged.</exception>
    public Model Open(CliConsole console, CancellationToken cancellation)
    {
        var model = ModelReader.Open(Find(console, cancellation), Files);
        foreach (var note in model.Notes)
        {
            console.Error.WriteLine($"note: {model.Path}: {note}");
        }

        return model;
    }
}

/// <summary>A network's configuration by the name of a preset, by its file, or by a model that has such a network.</summary>
internal static class NetworkSource
{
    /// <summary>What may stand for a network.</summary>
    public static string Forms { get; } = $"one of {string.Join(", ", NetworkPresets.Names)}, a network's config.json, or a model to take it from";

    /// <summary>Whether the words name a preset and no file or folder.</summary>
    public static bool IsPreset(string words) => NetworkPresets.Names.Contains(words) && !ModelLocation.IsOnDisk(words);

    /// <summary>Reads a configuration.</summary>
    /// <param name="words">A preset, a config.json, or anything that names a model.</param>
    /// <param name="console">Where to show a download's progress.</param>
    /// <param name="cancellation">Ends a download.</param>
    /// <exception cref="ConsistencyModelsException">There is none of that name, or it is refused.</exception>
    public static UNet2DConfig Load(string words, CliConsole console, CancellationToken cancellation)
    {
        if (IsPreset(words))
        {
            return NetworkPresets.Load(words);
        }

        if (File.Exists(words) && words.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return UNet2DConfig.Load(words);
        }

        if (!ModelLocation.IsOnDisk(words) && !ModelLocation.IsRemote(words) && !ModelSettings.IsBundled(words))
        {
            throw new ConsistencyModelsException($"{words}: there is no such file or folder; expected {Forms}");
        }

        using var model = new ModelSettings { Name = words }.Open(console, cancellation);
        return model.Config;
    }
}
