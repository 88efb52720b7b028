using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Training.Records;

/// <summary>A number that was measured of the model, over the run.</summary>
/// <param name="Name">Which.</param>
/// <param name="Points">Images learnt from, and the number; at least one.</param>
internal sealed record MetricCurve(string Name, IReadOnlyList<(long Images, double Value)> Points);

/// <summary>
/// A line for each time the model was measured: images learnt from, and the numbers. There are few: the file is written whole, and what it has of
/// later images, which a run that went back comes to again, is left out.
/// </summary>
internal static class MetricsLog
{
    /// <summary>Its name in a run's folder.</summary>
    public const string Name = "metrics.jsonl";

    private const string Images = "images";

    /// <summary>Adds a line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metrics">Numbers with their names.</param>
    /// <param name="images">Images learnt from.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be read or written.</exception>
    public static void Add(string path, IReadOnlyList<KeyValuePair<string, double>> metrics, long images)
    {
        try
        {
            var before = File.Exists(path) ? File.ReadLines(path).Where(line => ImagesOf(line) < images) : [];
            AtomicFile.WriteAllText(path, string.Concat(before.Append(Line(metrics, images)).Select(line => line + "\n")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be written: {Printable.Line(e.Message)}", e);
        }
    }

    /// <summary>The number that the first line begins with, over the run. What is no line of ours is left out.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Null where there are none.</returns>
    /// <exception cref="ConsistencyModelsException">It cannot be read.</exception>
    public static MetricCurve? Read(string path)
    {
        try
        {
            (long Images, string Name, double Value)[] first = [.. File.Exists(path) ? File.ReadLines(path).Select(First).OfType<(long, string, double)>() : []];
            return first.Length == 0 ? null
                : new(first[0].Name, [.. first.Where(point => point.Name == first[0].Name).Select(point => (point.Images, point.Value))]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    private static (long Images, string Name, double Value)? First(string line)
    {
        if (ImagesOf(line) is var images && images == long.MaxValue)
        {
            return null;
        }

        using var json = JsonDocument.Parse(line);
        return json.RootElement.EnumerateObject().Where(one => one.Name != Images && one.Value.ValueKind == JsonValueKind.Number).Select(one => ((long, string, double)?)(images, one.Name, one.Value.GetDouble())).FirstOrDefault();
    }

    private static string Line(IReadOnlyList<KeyValuePair<string, double>> metrics, long images)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber(Images, images);
            foreach (var (name, value) in metrics.Where(metric => double.IsFinite(metric.Value)))
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    // What is no line of ours is left out too.
    private static long ImagesOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty(Images).GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return long.MaxValue;
        }
    }
}
