using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Cli.Cards;

/// <summary>What the records of a training run say of it.</summary>
internal sealed record RunFacts
{
    private const int LongestLine = 1 << 16;
    private const long LongestFile = 16 << 20;

    /// <summary>What was trained for, with its settings.</summary>
    public required string Objective { get; init; }

    /// <summary>Images learnt from.</summary>
    public required long Images { get; init; }

    /// <summary>Images a step.</summary>
    public required long Batch { get; init; }

    /// <summary>Time that the steps took; zero where the log does not say.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Name of the optimizer, and the step size.</summary>
    public required string Optimizer { get; init; }

    /// <summary>What it ran on.</summary>
    public required string Machine { get; init; }

    /// <summary>The command line that began it; null where it was not written down.</summary>
    public string? Command { get; init; }

    /// <summary>Reads <c>run.json</c> and <c>log.jsonl</c>.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="ConsistencyModelsException">It is no run, or a file is damaged.</exception>
    public static RunFacts Read(string folder)
    {
        var path = Path.Combine(folder, "run.json");
        if (!File.Exists(path))
        {
            throw new ConsistencyModelsException($"{folder}: there is no run.json, expected the folder of a training run (cm train --run)");
        }

        try
        {
            if (LinkEnd.InfoOf(path).Length > LongestFile)
            {
                throw new ConsistencyModelsException($"{path}: has more than {LongestFile >> 20} MB, expected a run.json");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var (images, time) = Learnt(Path.Combine(folder, "log.jsonl"));
            return new()
            {
                Objective = Text(root, path, "objective", "name"),
                Images = images,
                Batch = (long)Number(root, path, "training", "batch"),
                Time = time,
                Optimizer = FormattableString.Invariant($"{Text(root, path, "optimizer", "kind")}, step size {Number(root, path, "training", "lr"):G4}"),
                Machine = $"{Origin(root, "processor") ?? Text(root, path, "versions", "architecture")}, {(long)Number(root, path, "versions", "threads")} threads, engine {Text(root, path, "versions", "engine")}",
                Command = Origin(root, "command"),
            };
        }
        catch (JsonException e)
        {
            throw new ConsistencyModelsException($"{path}: not valid JSON at line {e.LineNumber + 1}, expected a run.json", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    // Each line of the log counts the images since the one before, at its pace.
    private static (long Images, TimeSpan Time) Learnt(string path)
    {
        long images = 0;
        var seconds = 0.0;
        if (!File.Exists(path))
        {
            return (0, TimeSpan.Zero);
        }

        foreach (var line in File.ReadLines(path).Where(line => line.Length is > 0 and < LongestLine))
        {
            // A line without its end is that of a run at work.
            if (line[0] != '{' || line[^1] != '}')
            {
                continue;
            }

            using var row = Row(path, line);
            if (row.RootElement.TryGetProperty("images", out var count) && count.TryGetInt64(out var now) && now > images)
            {
                if (row.RootElement.TryGetProperty("images_per_second", out var pace) && pace.TryGetDouble(out var perSecond) && perSecond > 0)
                {
                    seconds += Math.Min((now - images) / perSecond, 1e8);
                }

                images = now;
            }
        }

        return (images, TimeSpan.FromSeconds(Math.Min(seconds, 1e9)));
    }

    private static JsonDocument Row(string path, string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new ConsistencyModelsException($"{path}: a line is not valid JSON, expected one object: {Printable.Line(line, 60)}", e);
        }
    }

    private static string? Origin(JsonElement root, string key) =>
        root.TryGetProperty("origin", out var origin) && origin.ValueKind == JsonValueKind.Object && origin.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? Printable.Line(value.GetString()!, 10_000) : null;

    private static string Text(JsonElement root, string path, string section, string key) =>
        Find(root, path, section, key) is { ValueKind: JsonValueKind.String } text ? Printable.Line(text.GetString()!, 200) : throw Wrong(path, section, key, "a text");

    private static double Number(JsonElement root, string path, string section, string key) =>
        Find(root, path, section, key) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : throw Wrong(path, section, key, "a number");

    private static JsonElement Find(JsonElement root, string path, string section, string key) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(section, out var inner) && inner.ValueKind == JsonValueKind.Object && inner.TryGetProperty(key, out var value) ? value : throw Wrong(path, section, key, "a value");

    private static ConsistencyModelsException Wrong(string path, string section, string key, string expected) => new($"{path}: the key \"{section}.{key}\" is missing or of another kind, expected {expected}");
}
