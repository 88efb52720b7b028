using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Imaging;
using ConsistencyModels.Models;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Generating;

/// <summary>
/// A <c>cm generate</c> command, checked against the model's small files: whatever is wrong with it is said before the weights
/// are loaded and before anything is written.
/// </summary>
internal sealed class GenerateJob : IDisposable
{
    private const int MostClassColumns = 16;

    private readonly GenerateSettings _settings;
    private readonly Model _model;
    private readonly IReadOnlyList<int>? _classes;
    private readonly IReadOnlyList<string> _classNotes;
    private readonly GenerateOptions _options;
    private readonly PictureFiles? _files;
    private readonly RawFile? _raw;
    private readonly CliConsole _console;
    private readonly CancellationToken _cancellation;

    private GenerateJob(GenerateSettings settings, Model model, CliConsole console, CancellationToken cancellation)
    {
        (_settings, _model, _console, _cancellation) = (settings, model, console, cancellation);
        _classes = ClassChoice.Parse(settings.Classes, model.Config.NumClassEmbeds, model.ClassNames);
        _classNotes = ClassChoice.Notes(settings.Classes, model.ClassNames);
        if (settings.SaveLatents is not null)
        {
            Latents.ThrowIfNotSavable(settings);
        }

        var latents = settings.Latents is null ? null : Latents.Load(settings.Latents, model.Config);
        Count = settings.Count ?? latents?.Shape.Batch ?? _classes?.Count ?? 1;
        if (latents is not null && latents.Shape.Batch != Count)
        {
            throw new ConsistencyModelsException($"--count is {Count}, but {settings.Latents} holds noise for {latents.Shape.Batch} pictures; leave --count out");
        }

        var size = latents is not null ? new(latents.Shape.Height, latents.Shape.Width)
            : settings.Size ?? model.Config.SampleSize
            ?? throw new ConsistencyModelsException("the model does not say which size it was made for; give --size");
        var tiles = model.Config.SampleSize is { } made && (size.Height > made.Height || size.Width > made.Width) ? new TileOptions() : null;
        var kind = settings.Sampler ?? (model.Kind == ModelKind.Consistency ? SamplerKind.Multistep : SamplerKind.Heun);
        Sampler = new()
        {
            Kind = kind,
            Steps = settings.Steps ?? (tiles is not null && kind == SamplerKind.Multistep && settings.Timesteps is null
                ? Math.Min(SamplingRequest.TiledSteps, model.Scheduler.NumTrainTimesteps) : null),
            Timesteps = settings.Timesteps,
            SigmaMax = settings.SigmaMax,
            Churn = settings.Churn,
        };
        _options = new()
        {
            Sampler = Checked(() => Sampler.Create(model.Scheduler)),
            NumInferenceSteps = null,
            ClassLabels = _classes,
            Latents = latents?.Values,
            Height = size.Height,
            Width = size.Width,
            Tiles = tiles,
            BatchSize = settings.Engine.Chunk == 0 ? null : settings.Engine.Chunk,
        };
        Request = Checked(() => SamplingRequest.For(model, _options with { BatchSize = 1, Latents = default, ClassLabels = null }));
        Seed = settings.Seed ?? TorchGenerator.FreshSeed();
        _raw = RawFile.For(settings, Count, Request.Shape);
        _files = _raw is null ? new PictureFiles(settings.Out, settings.Format, settings.Grid ? 1 : Count, console) : null;
    }

    /// <summary>Number of pictures.</summary>
    public int Count { get; }

    /// <summary>Seed of the first picture; the next ones count on.</summary>
    public ulong Seed { get; }

    /// <summary>The sampler, in the user's words.</summary>
    public SamplerSettings Sampler { get; }

    /// <summary>The same with its levels, and the size of the pictures.</summary>
    public SamplingRequest Request { get; }

    /// <summary>The model's folder or file.</summary>
    public string Path => _model.Path;

    /// <summary>What has to be said about the model and the classes.</summary>
    public IReadOnlyList<string> Notes => [.. _model.Notes, .. _classNotes];

    /// <summary>Names of the model's classes.</summary>
    public ClassNames? ClassNames => _model.ClassNames;

    /// <summary>Checks the settings.</summary>
    /// <param name="settings">The words of the command line.</param>
    /// <param name="console">Where to show progress.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ConsistencyModelsException">A setting does not fit the model or another setting.</exception>
    public static GenerateJob Make(GenerateSettings settings, CliConsole console, CancellationToken cancellation)
    {
        PictureFiles.ThrowIfBoth(settings.Out, settings.Json);
        if (settings.Steps is not null && settings.Timesteps is not null)
        {
            throw new ConsistencyModelsException("--steps and --timesteps say the same thing in two ways; give one of them");
        }

        LaunchedShare.ThrowIfNotFor(settings);
        var model = settings.Engine.Model.Open(console, cancellation);
        try
        {
            return new(settings, model, console, cancellation);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Closes the model.</summary>
    public void Dispose() => _model.Dispose();

    /// <summary>Loads the model, makes the pictures and writes them as they come.</summary>
    public GenerateReport Run()
    {
        foreach (var note in _classNotes)
        {
            _console.Error.WriteLine($"note: {note}");
        }

        var clock = Stopwatch.StartNew();
        using var pipeline = Spinner.For(_console, "loading the model", _ => _settings.Engine.Load(_model, _cancellation));
        var loaded = clock.Elapsed;
        List<Picture> pictures = [];
        List<ImageBuffer> sheet = [];
        Spinner.For(_console, "generating", report =>
        {
            var options = _options with { Progress = new SynchronousProgress<SamplingProgress>(progress => report(progress.Fraction, "")) };
            var (first, count) = LaunchedShare.Of(Count);
            options = options with { ClassLabels = _classes is null || count == Count ? _classes : [.. Enumerable.Range(first, count).Select(i => _classes[i % _classes.Count])] };
            options = _raw is null ? options : options with { OutputType = OutputType.Raw };
            foreach (var image in count == 0 ? [] : pipeline.GenerateMany(count, Seed + (ulong)first, options, _cancellation))
            {
                if (_raw is not null)
                {
                    _raw.Add(image.Values);
                    pictures.Add(new("", image.Seed, image.ClassLabel));
                }
                else if (_settings.Grid)
                {
                    sheet.Add(image.Image);
                    pictures.Add(new("", image.Seed, image.ClassLabel));
                }
                else
                {
                    pictures.Add(new(Save(image), image.Seed, image.ClassLabel));
                }
            }

            return true;
        });
        if (_raw is not null || _settings.Grid)
        {
            var file = _raw is not null ? _raw.Save(Seed) : SaveSheet(sheet, pictures);
            pictures = [.. pictures.Select(picture => picture with { File = file })];
        }

        if (_settings.SaveLatents is not null)
        {
            Latents.Save(_settings.SaveLatents, [.. pictures.Select(picture => picture.Seed)], Request.Shape);
        }

        return new(_settings, this, pictures, loaded, clock.Elapsed - loaded);
    }

    private static T Checked<T>(Func<T> make) => Options.Checked(make, "--sigma-max", "--size", "22,0");

    private string Save(GeneratedImage image)
    {
        var stem = image.Seed.ToString("D6", CultureInfo.InvariantCulture);
        var text = Text(image.Seed.ToString(CultureInfo.InvariantCulture));
        if (image.ClassLabel is { } label)
        {
            var name = ClassChoice.Show(label, ClassNames);
            stem += $"-{PictureFiles.Slug(name)}";
            text["class"] = label.ToString(CultureInfo.InvariantCulture);
            text["class name"] = name;
        }

        var enlarged = _settings.Scale == 1 ? image.Image : ImageGrid.Compose([image.Image], new GridOptions { Padding = 0, Scale = _settings.Scale });
        return _files!.Save(enlarged, stem, text);
    }

    private string SaveSheet(List<ImageBuffer> sheet, List<Picture> pictures)
    {
        // Where classes come in turn, each gets a column.
        var columns = _settings.Columns
            ?? (_classes is { Count: > 1 and <= MostClassColumns } && Count > _classes.Count ? _classes.Count : (int?)null);
        var text = Text(Count == 1 ? $"{Seed}" : $"{Seed} to {pictures[^1].Seed}");
        if (pictures[0].Label is not null)
        {
            text["class"] = string.Join(',', pictures.Select(picture => picture.Label));
        }

        return _files!.Save(
            ImageGrid.Compose(sheet, new GridOptions { Columns = columns, Scale = _settings.Scale }),
            string.Create(CultureInfo.InvariantCulture, $"grid-{Seed:D6}"),
            text);
    }

    private Dictionary<string, string> Text(string seed)
    {
        var text = new Dictionary<string, string>
        {
            ["Software"] = $"cm {CommandLineApp.Version} (ConsistencyModels for .NET)",
            ["model"] = _settings.Engine.Model.ShortName,
            ["seed"] = seed,
            ["sampler"] = Sampler.Kind.ToString().ToLowerInvariant(),
            ["steps"] = Request.Sampler.Steps.ToString(CultureInfo.InvariantCulture),
        };
        if (_settings.Timesteps is { } timesteps)
        {
            text["timesteps"] = string.Join(',', timesteps);
        }

        if (_settings.SigmaMax is { } sigma)
        {
            text["sigma_max"] = sigma.ToString(CultureInfo.InvariantCulture);
        }

        if (_settings.Churn > 0)
        {
            text["churn"] = _settings.Churn.ToString(CultureInfo.InvariantCulture);
        }

        if (_settings.Latents is not null)
        {
            text["latents"] = System.IO.Path.GetFileName(_settings.Latents);
        }

        return text;
    }
}

/// <summary>The words of a <c>cm generate</c> command line; null where nothing was said.</summary>
internal sealed record GenerateSettings
{
    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>Classes by name or number.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Number of pictures.</summary>
    public int? Count { get; init; }

    /// <summary>Which sampler; null for the one of the model's kind.</summary>
    public SamplerKind? Sampler { get; init; }

    /// <summary>Number of steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Indices of a custom schedule.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>The noise level to start at.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>Fresh noise on the way.</summary>
    public double Churn { get; init; }

    /// <summary>Seed of the first picture.</summary>
    public ulong? Seed { get; init; }

    /// <summary>File with noise to start from.</summary>
    public string? Latents { get; init; }

    /// <summary>File to write the noise to that the pictures start from.</summary>
    public string? SaveLatents { get; init; }

    /// <summary>Size of the pictures; null for the model's.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>File or folder to write to.</summary>
    public string? Out { get; init; }

    /// <summary>One sheet in place of single pictures.</summary>
    public bool Grid { get; init; }

    /// <summary>Pictures in a row of the sheet.</summary>
    public int? Columns { get; init; }

    /// <summary>Each pixel becomes this many squared.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>png, jpeg or webp; npy or safetensors for floats.</summary>
    public string? Format { get; init; }

    /// <summary>A machine-readable result.</summary>
    public bool Json { get; init; }

    /// <summary>Nothing but errors.</summary>
    public bool Quiet { get; init; }
}

/// <summary>One picture that was made.</summary>
/// <param name="File">Where it is; for a sheet the sheet.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Label">Its class, or null.</param>
internal sealed record Picture(string File, ulong Seed, int? Label);

/// <summary>What a <c>cm generate</c> command made.</summary>
internal sealed class GenerateReport(
    GenerateSettings settings, GenerateJob job, IReadOnlyList<Picture> pictures, TimeSpan loading, TimeSpan generating)
{
    /// <summary>A line for each file, and one about the whole.</summary>
    public void WriteText(CliConsole console)
    {
        foreach (var file in pictures.Select(picture => picture.File).Distinct().Where(file => file != PictureFiles.StandardOutput))
        {
            console.Out.WriteLine(file);
        }

        var steps = job.Request.Sampler.Steps;
        var seeds = pictures.Count == 1 ? $"seed {job.Seed}" : $"seeds {job.Seed} to {pictures[^1].Seed}";
        console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{pictures.Count} picture{(pictures.Count == 1 ? "" : "s")} by {settings.Engine.Model.ShortName}, {steps} step{(steps == 1 ? "" : "s")}, {seeds}: {generating.TotalSeconds:F1} s, after {loading.TotalSeconds:F1} s for loading"));
    }

    /// <summary>One JSON object.</summary>
    public void WriteJson(TextWriter output) => JsonText.Write(output, json =>
    {
        json.WriteString("model", job.Path);
        json.WriteString("version", CommandLineApp.Version);
        json.WriteString("device", settings.Engine.Device);
        json.WriteString("dtype", settings.Engine.DType.FormatName());
        json.WriteString("sampler", job.Sampler.Kind.ToString().ToLowerInvariant());
        json.WriteNumber("steps", job.Request.Sampler.Steps);
        json.WriteNumber("network_calls", job.Request.Sampler.NetworkEvaluations);
        if (settings.Timesteps is { } timesteps)
        {
            json.WriteStartArray("timesteps");
            foreach (var timestep in timesteps)
            {
                json.WriteNumberValue(timestep);
            }

            json.WriteEndArray();
        }

        JsonText.Strings(json, "notes", job.Notes);
        json.WriteNumber("sigma_max", job.Request.Sampler.InitialSigma);
        json.WriteNumber("churn", settings.Churn);
        json.WriteNumber("width", job.Request.Shape.Width);
        json.WriteNumber("height", job.Request.Shape.Height);
        json.WriteNumber("loading_seconds", Math.Round(loading.TotalSeconds, 3));
        json.WriteNumber("generating_seconds", Math.Round(generating.TotalSeconds, 3));
        json.WriteStartArray("images");
        foreach (var picture in pictures)
        {
            json.WriteStartObject();
            json.WriteString("file", picture.File);
            json.WriteNumber("seed", picture.Seed);
            if (picture.Label is { } label)
            {
                json.WriteNumber("class", label);
                json.WriteString("class_name", job.ClassNames?[label]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}

/// <summary>Reads <c>--classes</c>.</summary>
internal static class ClassChoice
{
    private const string All = "all";
    private const int ListedAtMost = 20;

    /// <summary>The classes asked for, in order; null where none are, so that each image draws its own.</summary>
    /// <param name="texts">Comma-separated names and numbers; "all" for each class in turn.</param>
    /// <param name="classes">Number of classes of the model, or null.</param>
    /// <param name="names">Their names, or null.</param>
    /// <exception cref="ConsistencyModelsException">The model has no classes, or not such a one.</exception>
    public static IReadOnlyList<int>? Parse(IReadOnlyList<string> texts, int? classes, ClassNames? names)
    {
        if (texts.Count == 0)
        {
            return null;
        }

        if (classes is not { } count)
        {
            throw new ConsistencyModelsException("--classes: this model has no classes; leave the option out");
        }

        List<int> chosen = [];
        foreach (var text in texts)
        {
            // A whole text first: a name may have commas in it ("tench, Tinca tinca").
            if (Find(text, count, names) is { } label)
            {
                chosen.Add(label);
                continue;
            }

            foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            {
                chosen.AddRange(
                    string.Equals(part, All, StringComparison.OrdinalIgnoreCase) ? Enumerable.Range(0, count)
                    : Find(part, count, names) is { } one ? [one]
                    : throw Unknown(part, count, names));
            }
        }

        return chosen;
    }

    /// <summary>Names that complete what is being typed; none if the model is not on this disk, or not whole.</summary>
    /// <param name="model">The model's name; null for the bundled one.</param>
    public static IEnumerable<string> NamesOf(string? model)
    {
        try
        {
            using var opened = new ModelSettings { Name = model }.Place is var path && ModelLocation.IsOnDisk(path) ? ModelReader.Open(path) : null;
            return opened?.ClassNames?.ById.Values.ToArray() ?? [];
        }
        catch (ConsistencyModelsException)
        {
            return [];
        }
    }

    /// <summary>Which classes were asked for by a name that is also the number of another class.</summary>
    /// <param name="texts">As for <see cref="Parse"/>.</param>
    /// <param name="names">Their names, or null.</param>
    public static IReadOnlyList<string> Notes(IReadOnlyList<string> texts, ClassNames? names) =>
    [
        .. texts.SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)).Distinct()
            .Select(text => (Text: text, Number: Number(text), Label: names?.Find(text)))
            .Where(part => part.Number is { } number && part.Label is { } label && number != label && names!.ById.ContainsKey(number))
            .Select(part => $"--classes {part.Text} is taken for the class of that name, number {part.Label}; class number {part.Number} is called '{names![part.Number!.Value]}'"),
    ];

    /// <summary>How a class is shown: its name, or its number.</summary>
    public static string Show(int label, ClassNames? names) => names?[label] ?? label.ToString(CultureInfo.InvariantCulture);

    private static int? Find(string text, int count, ClassNames? names) =>
        string.IsNullOrWhiteSpace(text) ? null
        : names?.Find(text) is { } label && label < count ? label // also of one that is a number: folders are often called so
        : Number(text) is { } number && number < count ? number
        : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static ConsistencyModelsException Unknown(string text, int count, ClassNames? names)
    {
        var all = names?.ById.Values.ToArray() ?? [];
        var known = all.Length == 0 ? "its classes have no names"
            : all.Length <= ListedAtMost ? $"its classes are {string.Join(", ", all)}"
            : $"`cm info MODEL` lists its {all.Length} names";
        return new($"--classes: there is no class '{text}'.{NearNames.Hint(text, all.SelectMany(name => name.Split(',', StringSplitOptions.TrimEntries)))} Expected 0 to {count - 1} or a name; {known}");
    }
}
