using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;

namespace ConsistencyModels.Training.Recipes;

/// <summary>
/// How a model is trained, as a file says it: objective and its settings, network, batch, length, step size, averages. What is null is
/// not said. Presets are such files that come with the library, with the published hyper-parameters.
/// </summary>
public sealed record TrainingRecipe
{
    private const string Resource = "recipe/";

    private static readonly string[] Known =
    [
        "about", "objective", "settings", "network", "images", "batch", "micro_batch", "lr", "ramp", "decay", "averages", "optimizer", "clip", "flip", "augment", "precision",
    ];

    /// <summary>Names of the presets, such as <c>ect-cifar10</c>.</summary>
    public static IReadOnlyList<string> PresetNames { get; } =
    [
        .. typeof(TrainingRecipe).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Resource, StringComparison.Ordinal))
            .Select(name => name[Resource.Length..])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>What it is and where its numbers are from, in a sentence or two.</summary>
    public string? About { get; init; }

    /// <summary>Name of the objective.</summary>
    public string? Objective { get; init; }

    /// <summary>Settings of the objective by name.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The network; its classes and size follow the data.</summary>
    public UNet2DConfig? Network { get; init; }

    /// <summary>Images of the whole run.</summary>
    public long? Images { get; init; }

    /// <summary>Images per step.</summary>
    public int? Batch { get; init; }

    /// <summary>Images in memory at a time.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>Step size.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Images over which the step size rises.</summary>
    public long? RampImages { get; init; }

    /// <summary>Images at the end over which it falls.</summary>
    public long? DecayImages { get; init; }

    /// <summary>Averages to keep.</summary>
    public IReadOnlyList<AverageOptions>? Averages { get; init; }

    /// <summary>The optimizer.</summary>
    public Optimizer? Optimizer { get; init; }

    /// <summary>Largest norm of the gradient.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Whether images are mirrored at random.</summary>
    public bool? Flip { get; init; }

    /// <summary>The probability of each of EDM's augmentations, 0 to 1; 0 for none.</summary>
    public double? Augment { get; init; }

    /// <summary>Precision of activations.</summary>
    public TensorDType? Precision { get; init; }

    /// <summary>A preset.</summary>
    /// <param name="name">One of <see cref="PresetNames"/>.</param>
    /// <exception cref="ConsistencyModelsException">There is none of that name.</exception>
    public static TrainingRecipe Preset(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource + name)
            ?? throw new ConsistencyModelsException($"there is no preset \"{name}\"; expected one of {string.Join(", ", PresetNames)}");
        using var reader = new StreamReader(stream);
        return Read(ConfigReader.FromJson(reader.ReadToEnd(), $"the preset {name}"));
    }

    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">A JSON file with the names of <c>cm train</c>'s options: objective, settings, network, images, batch, lr, averages ...</param>
    /// <exception cref="ConsistencyModelsException">It cannot be read, or has a key or value that is not known.</exception>
    public static TrainingRecipe Load(string path) => Read(ConfigReader.Load(path));

    private static TrainingRecipe Read(ConfigReader json)
    {
        if (json.Keys.FirstOrDefault(key => !Known.Contains(key)) is { } unknown)
        {
            throw new ConsistencyModelsException($"{json.Origin}: there is no key \"{unknown}\" in a recipe; expected {string.Join(", ", Known)}");
        }

        return new()
        {
            About = json.StringOrNull("about"),
            Objective = json.StringOrNull("objective"),
            Settings = ReadSettings(json),
            Network = ReadNetwork(json),
            Images = Positive(json, "images"),
            Batch = (int?)Positive(json, "batch", int.MaxValue),
            MicroBatch = (int?)Positive(json, "micro_batch", int.MaxValue),
            LearningRate = json.DoubleOrNull("lr") is not { } rate || rate > 0 ? json.DoubleOrNull("lr") : throw json.Bad("lr", "a number above 0"),
            RampImages = Whole(json, "ramp"),
            DecayImages = Whole(json, "decay"),
            Averages = json.Element("averages") is null ? null : [.. json.StringList("averages").Select(text => AverageOptions.Parse(text, $"{json.Origin}: averages"))],
            Optimizer = json.Element("optimizer") is { } optimizer ? ReadOptimizer(new(optimizer, $"{json.Origin}: optimizer")) : null,
            ClipNorm = json.DoubleOrNull("clip") is not < 0 ? json.DoubleOrNull("clip") : throw json.Bad("clip", "a number of at least 0"),
            Flip = json.Has("flip") ? json.Bool("flip") : null,
            Augment = json.DoubleOrNull("augment") is null or (>= 0 and <= 1) ? json.DoubleOrNull("augment") : throw json.Bad("augment", "a number from 0 to 1"),
            Precision = json.StringOrNull("precision") switch
            {
                null => null,
                "f32" => TensorDType.F32,
                "bf16" => TensorDType.BF16,
                "f16" => TensorDType.F16,
                _ => throw json.Bad("precision", "f32, bf16 or f16"),
            },
        };
    }

    private static ImmutableDictionary<string, string> ReadSettings(ConfigReader json)
    {
        if (json.Element("settings") is not { } settings)
        {
            return ImmutableDictionary<string, string>.Empty;
        }

        if (settings.ValueKind != JsonValueKind.Object)
        {
            throw json.Bad("settings", "an object");
        }

        // As everywhere in JSON, of a name that is there twice the last one counts.
        var values = ImmutableDictionary.CreateBuilder<string, string>();
        foreach (var setting in settings.EnumerateObject())
        {
            values[setting.Name] = setting.Value.ValueKind == JsonValueKind.String ? setting.Value.GetString()! : setting.Value.GetRawText();
        }

        return values.ToImmutable();
    }

    private static UNet2DConfig? ReadNetwork(ConfigReader json) => json.Element("network") switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } name when NetworkPresets.Names.Contains(name.GetString()) => NetworkPresets.Load(name.GetString()!),
        { ValueKind: JsonValueKind.Object } config => UNet2DConfig.FromJson(config.GetRawText(), $"{json.Origin}: network"),
        _ => throw json.Bad("network", $"a network's configuration, or one of {string.Join(", ", NetworkPresets.Names)}"),
    };

    private static Optimizer ReadOptimizer(ConfigReader json)
    {
        var defaults = new Optimizer(Beta2: 0.99);
        var kind = json.String("kind", defaults.Kind.ToString());
        return new(
            Enum.TryParse<OptimizerKind>(kind, ignoreCase: true, out var known) && Enum.IsDefined(known) ? known : throw json.Bad("kind", "RAdam, Adam or AdamW"),
            Share(json, "beta1", defaults.Beta1),
            Share(json, "beta2", defaults.Beta2),
            json.Double("eps", defaults.Epsilon),
            json.Double("weight_decay", 0));
    }

    private static double Share(ConfigReader json, string key, double fallback) =>
        json.Double(key, fallback) is >= 0 and < 1 and var value ? value : throw json.Bad(key, "a number from 0 to below 1");

    private static long? Positive(ConfigReader json, string key, long most = long.MaxValue) =>
        Whole(json, key) is not { } value ? null : value >= 1 && value <= most ? value : throw json.Bad(key, "a whole number of at least 1");

    // 25600000, or "25.6M".
    private static long? Whole(ConfigReader json, string key)
    {
        if (json.Element(key) is not { } value || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return WholeNumber.TryParse(text, out var number) ? number : throw json.Bad(key, "a whole number, such as 400000 or \"400k\"");
    }
}
