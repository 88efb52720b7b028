using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>Where samples come from: a model and how it is drawn from, or pictures that are there.</summary>
public sealed record SamplesDescription
{
    /// <summary>The model, or the pictures' file or folder.</summary>
    public required string Path { get; init; }

    /// <summary>Whether a model draws them.</summary>
    public required bool IsModel { get; init; }

    /// <summary>SHA-256 of the model's configuration and weights, or the pictures' fingerprint.</summary>
    public required string Hash { get; init; }

    /// <summary>How many pictures.</summary>
    public required int Count { get; init; }

    /// <summary>Which pictures, of those that are there.</summary>
    public PictureSelection Pictures { get; init; } = new();

    /// <summary>Seed of the first picture.</summary>
    public ulong Seed { get; init; }

    /// <summary>Name of the sampler.</summary>
    public string? Sampler { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public int? Steps { get; init; }

    /// <summary>A custom schedule in place of steps.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>The first noise level, where it was said.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>Fresh noise on the way.</summary>
    public double Churn { get; init; }

    /// <summary>Numbers of the classes, used in turn; null where each picture draws its own.</summary>
    public IReadOnlyList<int>? Classes { get; init; }

    /// <summary>Fingerprint of the reference whose classes are drawn as often as it has them; null where <see cref="Classes"/> says which.</summary>
    public string? ClassesOf { get; init; }

    /// <summary>Engine.</summary>
    public string? Engine { get; init; }

    /// <summary>Device.</summary>
    public string? Device { get; init; }

    /// <summary>Precision.</summary>
    public string? DType { get; init; }

    /// <summary>Everything that decides what a model draws, but for the number of pictures.</summary>
    public string Identity => string.Create(
        CultureInfo.InvariantCulture,
        $"{Hash} {Seed} {Sampler} {Steps} {Joined(Timesteps)} {SigmaMax:R} {Churn:R} {(ClassesOf is null ? Joined(Classes) : $"of {ClassesOf}")} {Pictures.Size} {Engine} {Device} {DType}");

    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString(IsModel ? "model" : "pictures", Path);
        json.WriteString(IsModel ? "model_sha256" : "fingerprint", Hash);
        json.WriteNumber("count", Count);
        Pictures.WriteTo(json);
        if (!IsModel)
        {
            return;
        }

        json.WriteNumber("seed", Seed);
        Text(json, "sampler", Sampler);
        Optional(json, "steps", Steps);
        Numbers(json, "timesteps", Timesteps);
        if (SigmaMax is { } sigma)
        {
            json.WriteNumber("sigma_max", sigma);
        }

        json.WriteNumber("churn", Churn);
        Numbers(json, "classes", Classes);
        Text(json, "classes_of", ClassesOf);
        Text(json, "engine", Engine);
        Text(json, "device", Device);
        Text(json, "dtype", DType);
    }

    internal static SamplesDescription Read(ManifestReader json)
    {
        var isModel = json.Has("model");
        return new()
        {
            Path = json.Text(isModel ? "model" : "pictures"),
            IsModel = isModel,
            Hash = json.Text(isModel ? "model_sha256" : "fingerprint"),
            Count = json.Whole("count"),
            Pictures = PictureSelection.Read(json),
            Seed = isModel ? json.Seed("seed") : 0,
            Sampler = json.TextOrNull("sampler"),
            Steps = json.WholeOrNull("steps"),
            Timesteps = json.WholesOrNull("timesteps"),
            SigmaMax = json.NumberOrNull("sigma_max"),
            Churn = json.NumberOrNull("churn") ?? 0,
            Classes = json.WholesOrNull("classes"),
            ClassesOf = json.TextOrNull("classes_of"),
            Engine = json.TextOrNull("engine"),
            Device = json.TextOrNull("device"),
            DType = json.TextOrNull("dtype"),
        };
    }

    private static string Joined(IReadOnlyList<int>? values) => values is null ? "-" : string.Join(',', values);

    private static void Optional(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<int>? values)
    {
        if (values is not null)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteNumberValue(value);
            }

            json.WriteEndArray();
        }
    }
}
