using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>What was compared with.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Hash">The pictures' fingerprint, or the SHA-256 of a file of statistics.</param>
/// <param name="OnlyStatistics">Whether it holds statistics only.</param>
/// <param name="Count">How many images; null where a file does not say.</param>
/// <param name="Pictures">Which pictures of a data set.</param>
public sealed record ReferenceDescription(string Path, string Hash, bool OnlyStatistics, long? Count, PictureSelection Pictures);

/// <summary>Which extractor, and what ran it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">As it was asked for: a name or a path.</param>
/// <param name="Sha256">Hash of its ONNX file.</param>
/// <param name="Runtime">Version of ONNX Runtime.</param>
public sealed record ExtractorDescription(string Name, string Path, string Sha256, string Runtime);

/// <summary>
/// Everything that an evaluation's numbers depend on, and the numbers: <c>evaluation.json</c>. With it the evaluation can be made again, on the same kind of
/// machine to the last digit.
/// </summary>
public sealed record EvaluationManifest
{
    private const int LongestFile = 16 << 20;

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>The samples.</summary>
    public required SamplesDescription Samples { get; init; }

    /// <summary>The reference.</summary>
    public required ReferenceDescription Reference { get; init; }

    /// <summary>The extractor.</summary>
    public required ExtractorDescription Extractor { get; init; }

    /// <summary>Images that pass the extractor at a time.</summary>
    public required int Batch { get; init; }

    /// <summary>What was measured.</summary>
    public required EvaluationOptions Options { get; init; }

    /// <summary>The processor, for whoever compares last digits.</summary>
    public required string Processor { get; init; }

    /// <summary>The numbers.</summary>
    public IReadOnlyList<EvaluationResult> Results { get; init; } = [];

    /// <summary>What is to be known about them.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>As JSON.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteTo(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>Writes its properties into an object.</summary>
    /// <param name="json">Where to.</param>
    public void WriteTo(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteString("version", Version);
        json.WriteStartObject("samples");
        Samples.WriteTo(json);
        json.WriteEndObject();
        json.WriteStartObject("reference");
        json.WriteString("path", Reference.Path);
        json.WriteString("hash", Reference.Hash);
        json.WriteBoolean("only_statistics", Reference.OnlyStatistics);
        Optional(json, "count", Reference.Count);
        Reference.Pictures.WriteTo(json);
        json.WriteEndObject();
        json.WriteStartObject("extractor");
        json.WriteString("name", Extractor.Name);
        json.WriteString("path", Extractor.Path);
        json.WriteString("sha256", Extractor.Sha256);
        json.WriteString("onnxruntime", Extractor.Runtime);
        json.WriteNumber("batch", Batch);
        json.WriteEndObject();
        WriteOptions(json);
        json.WriteString("processor", Processor);
        WriteResults(json);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConsistencyModelsException">It is missing, no JSON, or lacks a key.</exception>
    public static EvaluationManifest Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            if (LinkEnd.InfoOf(path).Length > LongestFile)
            {
                throw new ConsistencyModelsException($"{path}: has more than {LongestFile >> 20} MB, expected an evaluation.json");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(new(document.RootElement, path))
                : throw new ConsistencyModelsException($"{path}: is no JSON object, expected an evaluation.json");
        }
        catch (JsonException e)
        {
            throw new ConsistencyModelsException($"{path}: not valid JSON at line {e.LineNumber + 1}, expected an evaluation.json", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>Writes a file whole or not at all.</summary>
    /// <param name="path">The file; what is there is replaced.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public void Save(string path) => AtomicFile.WriteAllText(path, ToJson());

    private static EvaluationManifest Read(ManifestReader json)
    {
        var (reference, extractor, options) = (json.Object("reference"), json.Object("extractor"), json.Object("options"));
        var name = extractor.Text("name");
        return new()
        {
            Version = json.Text("version"),
            Samples = SamplesDescription.Read(json.Object("samples")),
            Reference = new(reference.Text("path"), reference.Text("hash"), reference.Flag("only_statistics"), reference.WholeOrNull("count"), PictureSelection.Read(reference)),
            Extractor = new(name, extractor.Text("path"), extractor.Text("sha256"), extractor.Text("onnxruntime")),
            Batch = extractor.Whole("batch"),
            Options = new()
            {
                Metrics = EvaluationMetrics.Parse(options.Texts("metrics"), name),
                PrecisionNeighbours = options.Whole("precision_neighbours"),
                DensityNeighbours = options.Whole("density_neighbours"),
                KernelSubsets = options.Whole("kernel_subsets"),
                KernelSubsetSize = options.Whole("kernel_subset_size"),
                Seed = options.Seed("seed"),
                ScoreSplit = options.Whole("score_split"),
                JackknifeParts = options.Whole("jackknife_parts"),
            },
            Processor = json.Text("processor"),
            Results = [.. json.Objects("results").Select(result => new EvaluationResult(result.Text("name"), result.NumberOrNull("value") ?? double.NaN, result.NumberOrNull("spread")))],
            Warnings = json.Texts("warnings"),
        };
    }

    private void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteStartObject("options");
        json.WriteStartArray("metrics");
        foreach (var metric in Options.Metrics)
        {
            json.WriteStringValue(EvaluationMetrics.WordOf(metric));
        }

        json.WriteEndArray();
        json.WriteNumber("precision_neighbours", Options.PrecisionNeighbours);
        json.WriteNumber("density_neighbours", Options.DensityNeighbours);
        json.WriteNumber("kernel_subsets", Options.KernelSubsets);
        json.WriteNumber("kernel_subset_size", Options.KernelSubsetSize);
        json.WriteNumber("seed", Options.Seed);
        json.WriteNumber("score_split", Options.ScoreSplit);
        json.WriteNumber("jackknife_parts", Options.JackknifeParts);
        json.WriteEndObject();
    }

    private void WriteResults(Utf8JsonWriter json)
    {
        json.WriteStartArray("results");
        foreach (var (name, value, spread) in Results)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteNumber("value", value);
            if (spread is { } error)
            {
                json.WriteNumber("spread", error);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("warnings");
        foreach (var warning in Warnings)
        {
            json.WriteStringValue(warning);
        }

        json.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
