using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Extractors;

/// <summary>How a picture becomes the size that an extractor takes.</summary>
public enum ExtractorResize
{
    /// <summary>PIL's bicubic, antialiased, in bytes.</summary>
    Bicubic,

    /// <summary>PIL's bilinear, antialiased, in bytes.</summary>
    Bilinear,

    /// <summary>PIL's Lanczos, antialiased, in bytes.</summary>
    Lanczos,

    /// <summary>PIL's box, in bytes.</summary>
    Box,

    /// <summary>TensorFlow 1's bilinear: no antialiasing, corners at the corner, not rounded to bytes. What FID is defined with.</summary>
    TensorFlow1,
}

/// <summary>
/// What an ONNX file takes and gives: <c>NAME.json</c> beside <c>NAME.onnx</c>. A picture is brought to the size, its bytes to
/// <c>low + (high - low) · v / 255</c>, and where there are means and deviations each channel to (x - mean) / deviation.
/// </summary>
public sealed record ExtractorManifest
{
    /// <summary>How results call it: <c>resnet18</c>, <c>inception</c>, ...</summary>
    public required string Name { get; init; }

    /// <summary>Width of its input in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of its input in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Channels of its input: 3 (RGB) or 1 (luma).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>How pictures are brought to the size.</summary>
    public ExtractorResize Resize { get; init; }

    /// <summary>What a byte of 0 becomes.</summary>
    public double Low { get; init; }

    /// <summary>What a byte of 255 becomes.</summary>
    public double High { get; init; } = 1;

    /// <summary>A mean for each channel, subtracted after the range; empty for none.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary>A deviation for each channel that is divided by; empty for none.</summary>
    public IReadOnlyList<double> Deviation { get; init; } = [];

    /// <summary>The output with the features, which are flattened; null takes the first one.</summary>
    public string? Features { get; init; }

    /// <summary>The output with spatial features, for sFID; null for none.</summary>
    public string? Spatial { get; init; }

    /// <summary>The output with logits, for the Inception Score; null for none.</summary>
    public string? Logits { get; init; }

    /// <summary>The SHA-256 that the ONNX file must have, in hexadecimal; null for any.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Where the weights came from, in words; null if nobody says.</summary>
    public string? Source { get; init; }

    /// <summary>Whether this is the network that FID, sFID, KID and the Inception Score are defined with.</summary>
    public bool IsInception => Name == "inception";

    /// <summary>Reads a manifest.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="ConsistencyModelsException">It is missing, no such manifest, or a value is out of its range.</exception>
    public static ExtractorManifest Load(string path)
    {
        var file = ConfigReader.Load(path);
        var manifest = new ExtractorManifest
        {
            Name = file.String("name"),
            Width = InRange(file, "width", 1, 4096),
            Height = InRange(file, "height", 1, 4096),
            Channels = file.Int("channels", 3) is var channels && channels is 1 or 3 ? channels : throw file.Bad("channels", "1 or 3"),
            Resize = ReadResize(file),
            Low = file.Double("low", 0),
            High = file.Double("high", 1),
            Mean = Numbers(file, "mean"),
            Deviation = Numbers(file, "std"),
            Features = file.StringOrNull("features"),
            Spatial = file.StringOrNull("spatial"),
            Logits = file.StringOrNull("logits"),
            Sha256 = file.StringOrNull("sha256"),
            Source = file.StringOrNull("source"),
        };
        foreach (var (key, values) in ((string, IReadOnlyList<double>)[])[("mean", manifest.Mean), ("std", manifest.Deviation)])
        {
            if (values.Count > 0 && values.Count != manifest.Channels)
            {
                throw file.Bad(key, $"{manifest.Channels} numbers, one a channel");
            }
        }

        return manifest.Deviation.Contains(0) ? throw file.Bad("std", "numbers that are not 0")
            : file.Extras.Keys.FirstOrDefault() is { } unknown ? throw new ConsistencyModelsException($"{path}: the key {Printable.Quote(unknown)} is not known; expected name, width, height, channels, resize, low, high, mean, std, features, spatial, logits, sha256, source")
            : manifest;
    }

    /// <summary>Writes it beside the ONNX file.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public void Save(string path)
    {
        var file = new ConfigWriter()
            .Set("name", Name).Set("width", (int?)Width).Set("height", (int?)Height).Set("channels", (int?)Channels)
            .Set("resize", NameOf(Resize)).Set("low", (double?)Low).Set("high", (double?)High);
        if (Mean.Count > 0)
        {
            file.Set("mean", Json(Mean));
        }

        if (Deviation.Count > 0)
        {
            file.Set("std", Json(Deviation));
        }

        file.Set("features", Features).Set("spatial", Spatial).Set("logits", Logits).Set("sha256", Sha256).Set("source", Source).Save(path);
    }

    /// <summary>The word of a resize in a manifest: <c>bicubic</c>, <c>tensorflow1</c>.</summary>
    public static string NameOf(ExtractorResize resize) => resize switch
    {
        ExtractorResize.Bilinear => "bilinear",
        ExtractorResize.Lanczos => "lanczos",
        ExtractorResize.Box => "box",
        ExtractorResize.TensorFlow1 => "tensorflow1",
        _ => "bicubic",
    };

    private static ExtractorResize ReadResize(ConfigReader file)
    {
        var word = file.String("resize", NameOf(ExtractorResize.Bicubic));
        foreach (var resize in Enum.GetValues<ExtractorResize>())
        {
            if (NameOf(resize) == word)
            {
                return resize;
            }
        }

        throw file.Bad("resize", string.Join(", ", Enum.GetValues<ExtractorResize>().Select(NameOf)));
    }

    private static int InRange(ConfigReader file, string key, int low, int high) =>
        file.Int(key) is var value && value >= low && value <= high ? value : throw file.Bad(key, $"{low} to {high}");

    private static double[] Numbers(ConfigReader file, string key) => file.Element(key) switch
    {
        null or { ValueKind: JsonValueKind.Null } => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Number) => [.. list.EnumerateArray().Select(one => one.GetDouble())],
        _ => throw file.Bad(key, "a list of numbers"),
    };

    private static JsonElement Json(IReadOnlyList<double> values)
    {
        using var document = JsonDocument.Parse($"[{string.Join(',', values.Select(value => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}]");
        return document.RootElement.Clone();
    }
}
