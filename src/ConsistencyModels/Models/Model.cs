using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Files;
using ConsistencyModels.Hub;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>What a model's network computes.</summary>
public enum ModelKind
{
    /// <summary>A consistency function: one call goes from any noise level to a picture.</summary>
    Consistency,

    /// <summary>A denoiser, as EDM trains it: a solver goes from noise to a picture in many calls. A consistency model's teacher.</summary>
    Diffusion,
}

/// <summary>What kind of file or folder a model was found in.</summary>
public enum ModelFormat
{
    /// <summary>A pipeline's folder: model_index.json, unet/, scheduler/.</summary>
    PipelineFolder,

    /// <summary>A folder with unet/, and perhaps scheduler/, that says no more.</summary>
    UNetFolder,

    /// <summary>A network's folder: config.json and weights.</summary>
    NetworkFolder,

    /// <summary>A safetensors file, or the index of several.</summary>
    Safetensors,

    /// <summary>A file that torch.save wrote.</summary>
    Torch,

    /// <summary>No file: a model made of parts in a program.</summary>
    Parts,
}

/// <summary>
/// A model in whatever form people have it, opened: what it says about itself, and a way to its weights. Opening reads the small
/// files of a folder, or the names and shapes in a single file; it tells in milliseconds what a model can do, and what is wrong with
/// it before a gigabyte is loaded. Made by <see cref="ModelReader"/> or of parts by <see cref="Of"/>; immutable, safe to share.
/// </summary>
public sealed class Model : IDisposable
{
    private readonly Func<ITensorSource> _open;
    private readonly Func<ITensorSource, ITensorSource> _rename;
    private ITensorSource? _opened;
    private bool _disposed;

    /// <summary>Describes a model.</summary>
    /// <param name="open">Opens its tensors under the names they are stored by.</param>
    /// <param name="rename">Views such tensors under diffusers' names; what it returns owns them.</param>
    /// <param name="opened">Tensors that are open already, since they had to be looked at; owned by this. Null if they were not.</param>
    internal Model(Func<ITensorSource> open, Func<ITensorSource, ITensorSource> rename, ITensorSource? opened = null)
    {
        _open = open;
        _rename = rename;
        _opened = opened;
    }

    /// <summary>The folder or file that was opened; a word for a model made of parts.</summary>
    public required string Path { get; init; }

    /// <summary>What it is.</summary>
    public required ModelFormat Format { get; init; }

    /// <summary>What its network computes.</summary>
    public ModelKind Kind => Index.Kind;

    /// <summary>Whether nothing says how the model was trained, neither a scheduler nor a name nor an option, so that <see cref="Kind"/> and the number of steps are a guess.</summary>
    public bool KindIsGuess { get; init; }

    /// <summary>What was chosen among several things in its file, and what was passed over; a sentence each. Users should see them.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The network's configuration: read where there is one, else inferred from the tensors.</summary>
    public required UNet2DConfig Config { get; init; }

    /// <summary>The noise levels: read where there is a scheduler, else by the way the model was trained. Of a diffusion model σ_min, σ_max, σ_data, ρ and the number of steps; the others have no meaning for it.</summary>
    public required CMStochasticIterativeSchedulerConfig Scheduler { get; init; }

    /// <summary>Names of the classes; null if the model does not say.</summary>
    public ClassNames? ClassNames => Index.ClassNames;

    /// <summary>The noise levels its edits start at where none is given: its own, or by the size of its images.</summary>
    public EditDefaults EditDefaults => Index.EditDefaults ?? EditDefaults.Of(Config.SampleSize);

    /// <summary>The names its tensors have in the file.</summary>
    public TensorNaming Naming { get; init; }

    /// <summary>The scalars around the network: the boundary form of a consistency model, EDM's of a diffusion model.</summary>
    public Preconditioning Preconditioning => Kind == ModelKind.Diffusion
        ? Preconditioning.Edm(Scheduler.SigmaData)
        : Preconditioning.Consistency(Scheduler.SigmaData, Scheduler.SigmaMin);

    /// <summary>Number of scalars in all parameters of the network.</summary>
    public long ParameterCount => UNet2DDescription.Of(Config).ParameterCount;

    /// <summary>
    /// Keys this library does not know, each with its file: "unet/config.json: key". They are kept when the model is saved and
    /// do nothing. Private keys of diffusers, which begin with an underscore, are not listed.
    /// </summary>
    public IReadOnlyList<string> UnknownKeys =>
    [
        .. Unknown(ModelLayout.Index, Index.Extras),
        .. Unknown((Format is ModelFormat.PipelineFolder or ModelFormat.UNetFolder ? $"{ModelLayout.UNet}/" : "") + ModelLayout.NetworkConfig, Config.Extras),
        .. Unknown(ModelLayout.SchedulerInPipeline, Scheduler.Extras),
    ];

    /// <summary>The pipeline's own file, or what it would say.</summary>
    internal ModelIndex Index { get; init; } = new();

    /// <summary>A model of parts.</summary>
    /// <param name="config">The network's configuration.</param>
    /// <param name="scheduler">The noise levels; null for the published models' with 40 steps.</param>
    /// <param name="kind">What the network computes.</param>
    /// <param name="classNames">Names of the classes, or null.</param>
    /// <param name="openWeights">Opens the network's weights, each time anew, under diffusers' names. Null for a model that has none to read.</param>
    /// <exception cref="ArgumentException">A setting of the scheduler is out of its range.</exception>
    public static Model Of(
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig? scheduler = null,
        ModelKind kind = ModelKind.Consistency,
        ClassNames? classNames = null,
        Func<ITensorSource>? openWeights = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        scheduler ??= new CMStochasticIterativeSchedulerConfig();
        _ = new CMStochasticIterativeScheduler(scheduler);
        openWeights ??= () => throw new InvalidOperationException("This model was made of parts without openWeights, so it has no weights to read.");
        return new Model(openWeights, source => RenamedTensors.Today(source, config))
        {
            Path = "a model made of parts",
            Format = ModelFormat.Parts,
            Config = config,
            Scheduler = scheduler,
            Index = new ModelIndex { Kind = kind, ClassNames = classNames },
        };
    }

    /// <summary>Opens the weights, each time anew: exactly the network's parameters under diffusers' names, and no values read yet.</summary>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="ConsistencyModelsException">There are none, they are damaged, or they are not those of <see cref="Config"/>.</exception>
    /// <exception cref="InvalidOperationException">The model was made of parts without weights.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public ITensorSource OpenWeights()
    {
        var stored = Open();
        try
        {
            return _rename(stored);
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Opens the tensors as they are stored, under their own names and with whatever else is in the file; they are compared with <see cref="Config"/> all the same.</summary>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="OpenWeights"/>.</exception>
    /// <exception cref="InvalidOperationException">The model was made of parts without weights.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public ITensorSource OpenStored()
    {
        var stored = Open();
        try
        {
            _ = _rename(stored); // a view: nothing is copied
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Closes a file that was opened to look at it. Tensors that were handed out stay open.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _opened, null)?.Dispose();
    }

    private ITensorSource Open()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Interlocked.Exchange(ref _opened, null) ?? _open();
    }

    private static IEnumerable<string> Unknown(string file, IReadOnlyDictionary<string, JsonElement> extras) =>
        extras.Keys.Where(key => !key.StartsWith('_')).Order(StringComparer.Ordinal).Select(key => $"{file}: {key}");
}

/// <summary>The two sets of names that the tensors of this network come under.</summary>
public enum TensorNaming
{
    /// <summary>diffusers' UNet2DModel: <c>down_blocks.0.resnets.0.conv1.weight</c>.</summary>
    Diffusers,

    /// <summary>openai/consistency_models' UNetModel: <c>input_blocks.1.0.in_layers.2.weight</c>.</summary>
    OpenAi,
}

/// <summary>
/// A pipeline's <c>model_index.json</c>: which classes it is made of, the names of its classes, and keys this library does not know.
/// A consistency model is diffusers' ConsistencyModelPipeline; a diffusion model a DiffusionPipeline with an EDMEulerScheduler.
/// </summary>
internal sealed record ModelIndex
{
    private const string ClassNameKey = "_class_name";
    private const string VersionKey = "_diffusers_version";
    private const string ConsistencyClass = "ConsistencyModelPipeline";
    private const string DiffusionClass = "DiffusionPipeline";
    private const string UNetClass = "UNet2DModel";
    private const string Library = "diffusers";

    public ModelKind Kind { get; init; }

    public ClassNames? ClassNames { get; init; }

    public EditDefaults? EditDefaults { get; init; }

    public string Version { get; init; } = ConfigWriter.DiffusersVersion;

    public IReadOnlyDictionary<string, JsonElement> Extras { get; init => field = ValueExtras.Of(value); } = ValueExtras.None;

    public static ModelIndex Load(string path)
    {
        var reader = ConfigReader.Load(path);
        var kind = reader.String(ClassNameKey) switch
        {
            ConsistencyClass => ModelKind.Consistency,
            DiffusionClass => ModelKind.Diffusion,
            _ => throw reader.Bad(ClassNameKey, $"\"{ConsistencyClass}\", or \"{DiffusionClass}\" for a diffusion model: this library runs no other pipelines"),
        };
        Component(reader, ModelLayout.UNet, UNetClass);
        Component(reader, ModelLayout.Scheduler, SchedulerClass(kind));
        var version = reader.StringOrNull(VersionKey) ?? ConfigWriter.DiffusersVersion;
        ClassNames? names = null;
        if (reader.Has(ClassNames.Key))
        {
            names = ClassNames.FromJson(reader.Element(ClassNames.Key)!.Value)
                ?? throw reader.Bad(ClassNames.Key, "class names by index such as {\"0\": \"tench\"}");
        }

        EditDefaults? defaults = null;
        if (reader.Has(EditDefaults.Key))
        {
            defaults = EditDefaults.FromJson(reader.Element(EditDefaults.Key)!.Value)
                ?? throw reader.Bad(EditDefaults.Key, "noise levels such as {\"stroke_sigma\": 2.5, \"variation_sigma\": 1.5}");
        }

        return new ModelIndex { Kind = kind, ClassNames = names, EditDefaults = defaults, Version = version, Extras = reader.Extras };
    }

    public string ToJson()
    {
        var writer = new ConfigWriter()
            .Set(ClassNameKey, Kind == ModelKind.Diffusion ? DiffusionClass : ConsistencyClass)
            .Set(VersionKey, Version)
            .Set(ModelLayout.UNet, [Library, UNetClass])
            .Set(ModelLayout.Scheduler, [Library, SchedulerClass(Kind)]);
        if (ClassNames is not null)
        {
            writer.Set(ClassNames.Key, ClassNames.ToJson());
        }

        if (EditDefaults is not null)
        {
            writer.Set(EditDefaults.Key, EditDefaults.ToJson());
        }

        return writer.AddMissing(Extras).ToJson();
    }

    private static string SchedulerClass(ModelKind kind) =>
        kind == ModelKind.Diffusion ? SchedulerFile.DiffusionClass : CMStochasticIterativeSchedulerConfig.ClassName;

    private static void Component(ConfigReader reader, string key, string expected)
    {
        if (reader.StringList(key) is not [_, var found] || found != expected)
        {
            throw reader.Bad(key, $"[\"{Library}\", \"{expected}\"]");
        }
    }
}

/// <summary>Which files of a model are opened, and what replaces facts that they do not hold.</summary>
public record ModelOptions
{
    /// <summary>The branch, tag or commit of a model on the Hub; null for "main".</summary>
    public string? Revision { get; init; }

    /// <summary>Which weights of a folder to read, such as "fp16" for <c>diffusion_pytorch_model.fp16.safetensors</c>, which must exist; null for the plain ones.</summary>
    public string? Variant { get; init; }

    /// <summary>Where models are downloaded from and to; null for <see cref="HubOptions.FromEnvironment"/>.</summary>
    public HubOptions? Hub { get; init; }

    /// <summary>The part of a training checkpoint to take; null chooses (<see cref="TorchFile.Open"/>).</summary>
    public string? Entry { get; init; }

    /// <summary>Channels of an attention head, where there is no configuration; null takes the published 64, or the most that fits.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Size of the images, where there is no configuration; null guesses by the published widths.</summary>
    public ImageSize? SampleSize { get; init; }

    /// <summary>How the model was trained, where there is no scheduler configuration; null takes the name of the file or folder, or distillation.</summary>
    public TrainingMode? Mode { get; init; }

    /// <summary>The number of discretization steps, in place of the scheduler configuration's or the mode's.</summary>
    public int? NumTrainTimesteps { get; init; }

    /// <summary>The whole scheduler configuration, in place of any other.</summary>
    public CMStochasticIterativeSchedulerConfig? Scheduler { get; init; }
}

/// <summary>
/// How a model was trained (<c>training_mode</c> in openai's scripts). The tensors do not tell; what the network computes, and the
/// schedule's number of steps, depend on it.
/// </summary>
public enum TrainingMode
{
    /// <summary>Consistency distillation ("cd"): a consistency model with 40 steps.</summary>
    ConsistencyDistillation,

    /// <summary>Consistency training ("ct"): a consistency model with 201 steps, 151 at 256 pixels.</summary>
    ConsistencyTraining,

    /// <summary>EDM ("edm"): a diffusion model, the teacher of the others.</summary>
    Edm,
}

/// <summary>
/// Names of a model's classes, as <c>model_index.json</c> stores them under <c>id2label</c> (diffusers' DiTPipeline does the same):
/// class index to a name, or to several separated by commas ("tench, Tinca tinca"). Immutable.
/// </summary>
public sealed class ClassNames
{
    /// <summary>The key in <c>model_index.json</c>.</summary>
    internal const string Key = "id2label";

    private readonly SortedDictionary<int, string> _names;

    /// <summary>Takes names by class index.</summary>
    /// <param name="names">Index from 0 up, to a name or several separated by commas; not every class needs one.</param>
    /// <exception cref="ArgumentException">An index is negative or given twice, or a name is empty.</exception>
    public ClassNames(IEnumerable<KeyValuePair<int, string>> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        _names = [];
        foreach (var (index, name) in names)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index, nameof(names));
            ArgumentException.ThrowIfNullOrWhiteSpace(name, nameof(names));
            if (!_names.TryAdd(index, name))
            {
                throw new ArgumentException($"Class {index} is named twice.", nameof(names));
            }
        }
    }

    /// <summary>Takes names in the order of the classes, from 0 on.</summary>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public ClassNames(IEnumerable<string> names)
        : this((names ?? throw new ArgumentNullException(nameof(names))).Select((name, index) => KeyValuePair.Create(index, name)))
    {
    }

    /// <summary>Every name by class index, ascending.</summary>
    public IReadOnlyDictionary<int, string> ById => _names;

    /// <summary>The name of a class, or null if it has none.</summary>
    public string? this[int index] => _names.GetValueOrDefault(index);

    /// <summary>The first names with their classes, such as "0: floor, 1: wall".</summary>
    public override string ToString()
    {
        const int shown = 10;
        var first = string.Join(", ", _names.Take(shown).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}: {pair.Value}")));
        return _names.Count <= shown ? first : string.Create(CultureInfo.InvariantCulture, $"{first} and {_names.Count - shown} more");
    }

    /// <summary>The class of a name, or of one of several separated by commas, whatever the case; null if no class is called so.</summary>
    /// <remarks>Where two classes share a name (ImageNet's "crane"), the first is meant.</remarks>
    public int? Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var wanted = name.Trim();
        foreach (var (index, names) in _names)
        {
            if (Same(names, wanted) || names.Split(',').Any(part => Same(part.Trim(), wanted)))
            {
                return index;
            }
        }

        return null;

        static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads the value of <c>id2label</c>; null if it is not {"0": "name", …}.</summary>
    internal static ClassNames? FromJson(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        Dictionary<int, string> names = [];
        foreach (var entry in value.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || entry.Value.ValueKind != JsonValueKind.String
                || string.IsNullOrWhiteSpace(entry.Value.GetString())
                || !names.TryAdd(index, entry.Value.GetString()!))
            {
                return null;
            }
        }

        return new ClassNames(names);
    }

    /// <summary>The value of <c>id2label</c>.</summary>
    internal JsonElement ToJson() => ConfigWriter.ElementOf(_names.Select(
        pair => KeyValuePair.Create(pair.Key.ToString(CultureInfo.InvariantCulture), (Action<Utf8JsonWriter>)(writer => writer.WriteStringValue(pair.Value)))));
}
