using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// The two files that say how a run was made. <c>run.json</c> is written when the run begins: the whole configuration.
/// <c>run-history.jsonl</c> gets a line each time the run goes on: when, from which image on, and what is set differently from before,
/// the old and the new value of each "section.key". Nothing that was in force is overwritten, and the two together give the
/// configuration at any image.
/// </summary>
internal sealed class RunHistory
{
    /// <summary>The form of both files.</summary>
    private const int Format = 1;
    private const string FormatKey = "format";
    private const string TimeKey = "time";
    private const string ImagesKey = "images";
    private const string ChangedKey = "changed";
    private const string EngineSetting = "versions.engine";
    private const string ThreadsSetting = "versions.threads";
    private const string From = "from";
    private const string To = "to";

    private readonly string _run;
    private readonly string _history;

    private RunHistory(string folder)
    {
        _run = Path.Combine(folder, "run.json");
        _history = Path.Combine(folder, "run-history.jsonl");
    }

    /// <summary>Records that a process trains the run from here on.</summary>
    /// <param name="folder">The run's folder; it must exist.</param>
    /// <param name="description">How it trains.</param>
    /// <param name="images">
    /// Images learnt from. 0 begins the run: what is there, of a start that never came to a checkpoint, is replaced. So it is where run.json is missing.
    /// </param>
    /// <param name="now">The time.</param>
    /// <exception cref="ConsistencyModelsException">A file cannot be written, or one that is there is damaged.</exception>
    /// <exception cref="ArgumentException">A name in the description is there twice, or is one of the file's own.</exception>
    public static void Record(string folder, RunDescription description, long images, DateTimeOffset now)
    {
        var history = new RunHistory(folder);
        if (images == 0 || !File.Exists(history._run))
        {
            history.Begin(description, images, now);
        }
        else
        {
            history.GoOn(description, images, now);
        }
    }

    /// <summary>What is set differently now than it was for the images up to here. Nothing is written.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="description">How it trains now.</param>
    /// <param name="images">Images learnt from. What was set for a start that came to no later checkpoint does not count.</param>
    /// <returns>"section.key" with the old and the new value, where both are known; none where the folder does not say what was.</returns>
    /// <exception cref="ConsistencyModelsException">A file is damaged or cannot be read.</exception>
    public static IEnumerable<(string Key, JsonElement From, JsonElement To)> Changes(string folder, RunDescription description, long images)
    {
        var history = new RunHistory(folder);
        if (!File.Exists(history._run))
        {
            return [];
        }

        var before = Settings(history.Begun());
        if (File.Exists(history._history))
        {
            using var content = RunFile.On(history._history, () => File.OpenRead(history._history));
            history.Replay(content, before, images);
        }

        // Before it was written down, libtorch was the only engine that learned.
        if (Settings(description).Any(setting => setting.Key == EngineSetting))
        {
            using var torch = JsonDocument.Parse("\"torch\"");
            before.TryAdd(EngineSetting, torch.RootElement.Clone());
        }

        // "The engine's choice" does not say how many there were.
        if (before.TryGetValue(ThreadsSetting, out var threads) && threads.ValueKind == JsonValueKind.Number && threads.GetDouble() == 0)
        {
            before.Remove(ThreadsSetting);
        }

        return
        [
            .. Settings(description)
                .Where(setting => before.TryGetValue(setting.Key, out var from) && !JsonElement.DeepEquals(from, setting.Value))
                .Select(setting => (setting.Key, before[setting.Key], setting.Value)),
        ];
    }

    private void Begin(RunDescription description, long images, DateTimeOffset now)
    {
        var text = Json(indented: true, json =>
        {
            json.WriteNumber(FormatKey, Format);
            json.WriteString(TimeKey, Text(now));
            json.WriteNumber(ImagesKey, images);
            description.WriteTo(json, [FormatKey, TimeKey, ImagesKey]);
        });

        // First the history goes: a run.json without one is whole, but not the other way round.
        RunFile.On(_history, () => File.Delete(_history));
        AtomicFile.WriteAllBytes(_run, text);
    }

    private void GoOn(RunDescription description, long images, DateTimeOffset now)
    {
        var before = Settings(Begun());
        using var history = new AppendedFile(_history, FileMode.OpenOrCreate);

        // A process that was killed may have left a line without its end.
        history.CutTo(Replay(history.Content, before));
        var after = Settings(description);
        history.Append(Json(indented: false, json =>
        {
            json.WriteString(TimeKey, Text(now));
            json.WriteNumber(ImagesKey, images);
            json.WriteStartObject(ChangedKey);
            WriteChanges(json, before, after);
            json.WriteEndObject();
        }));
        history.Flush();
    }

    private ConfigReader Begun()
    {
        var file = ConfigReader.Load(_run);
        return file.Int(FormatKey) == Format ? file : throw file.Bad(FormatKey, $"{Format}: another version of this library wrote it");
    }

    // Brings what was set when the run began to what was set last, or before that many images. Returns where the last whole line ends.
    private long Replay(Stream content, Dictionary<string, JsonElement> settings, long before = long.MaxValue)
    {
        var lines = new LineReader(content);
        for (var number = 1; RunFile.On(_history, lines.Next) is { } line; number++)
        {
            var origin = string.Create(CultureInfo.InvariantCulture, $"{_history}: line {number}");
            var entry = ConfigReader.FromJson(Encoding.UTF8.GetString(line.Span), origin);
            var changed = entry.Element(ChangedKey) is { ValueKind: JsonValueKind.Object } changes ? changes : throw entry.Bad(ChangedKey, "an object");
            if (before < long.MaxValue && entry.Double(ImagesKey) >= before)
            {
                continue;
            }

            foreach (var change in changed.EnumerateObject())
            {
                if (change.Value.ValueKind != JsonValueKind.Object)
                {
                    throw entry.Bad(ChangedKey, $"an object with \"{From}\" and \"{To}\" for each key");
                }

                if (change.Value.TryGetProperty(To, out var to))
                {
                    settings[change.Name] = to;
                }
                else
                {
                    settings.Remove(change.Name);
                }
            }
        }

        return lines.Position;
    }

    private static Dictionary<string, JsonElement> Settings(RunDescription description) =>
        Settings(ConfigReader.FromJson(Encoding.UTF8.GetString(Json(indented: false, json => description.WriteTo(json, []))), "this run"));

    // By "section.key". What a value holds inside is compared as a whole, with keys in any order.
    private static Dictionary<string, JsonElement> Settings(ConfigReader file)
    {
        var settings = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var name in file.Keys)
        {
            if (file.Element(name) is { ValueKind: JsonValueKind.Object } section)
            {
                foreach (var entry in section.EnumerateObject())
                {
                    settings[$"{name}.{entry.Name}"] = entry.Value;
                }
            }
        }

        return settings;
    }

    // A side that does not have the key has no value here: null would say that it is set to null.
    private static void WriteChanges(Utf8JsonWriter json, Dictionary<string, JsonElement> before, Dictionary<string, JsonElement> after)
    {
        foreach (var key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            var had = before.TryGetValue(key, out var from);
            var has = after.TryGetValue(key, out var to);
            if (had && has && JsonElement.DeepEquals(from, to))
            {
                continue;
            }

            json.WriteStartObject(key);
            if (had)
            {
                json.WritePropertyName(From);
                from.WriteTo(json);
            }

            if (has)
            {
                json.WritePropertyName(To);
                to.WriteTo(json);
            }

            json.WriteEndObject();
        }
    }

    // One object and an end of line.
    private static byte[] Json(bool indented, Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = indented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
