using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConsistencyModels.Files;

/// <summary>
/// Writes a JSON configuration file the way diffusers does: keys in ordinal order, two spaces of indentation, a final
/// newline, and a decimal point in every floating-point number (80 would come back to Python as an int).
/// </summary>
public sealed class ConfigWriter
{
    /// <summary>The version of diffusers whose behaviour and files this library follows, for files that name no other.</summary>
    internal const string DiffusersVersion = "0.23.0";

    private const string VersionKey = "_diffusers_version";

    private readonly SortedDictionary<string, Action<Utf8JsonWriter>> _values = new(StringComparer.Ordinal);

    /// <summary>Sets an integer, or null.</summary>
    public ConfigWriter Set(string key, int? value) => Put(key, value is { } v ? w => w.WriteNumberValue(v) : w => w.WriteNullValue());

    /// <summary>Sets a finite floating-point number, or null. The shortest decimal that reads back as the same double is written.</summary>
    /// <exception cref="ArgumentException">The value is infinite or not a number.</exception>
    public ConfigWriter Set(string key, double? value)
    {
        if (value is not { } number)
        {
            return Put(key, w => w.WriteNullValue());
        }

        if (!double.IsFinite(number))
        {
            throw new ArgumentException($"{key}: {number} cannot be written as JSON.", nameof(value));
        }

        var text = number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'); // as Python writes it
        return Put(key, w => w.WriteRawValue(text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0"));
    }

    /// <summary>Sets a boolean.</summary>
    public ConfigWriter Set(string key, bool value) => Put(key, w => w.WriteBooleanValue(value));

    /// <summary>Sets a string, or null.</summary>
    public ConfigWriter Set(string key, string? value) => Put(key, w => w.WriteStringValue(value));

    /// <summary>Sets a list of integers.</summary>
    public ConfigWriter Set(string key, IEnumerable<int> values) => PutList(key, values, (w, v) => w.WriteNumberValue(v));

    /// <summary>Sets a list of strings.</summary>
    public ConfigWriter Set(string key, IEnumerable<string> values) => PutList(key, values, (w, v) => w.WriteStringValue(v));

    /// <summary>Sets any JSON value, for instance one of <see cref="ConfigReader.Extras"/>.</summary>
    public ConfigWriter Set(string key, JsonElement value)
    {
        var copy = value.Clone();
        return Put(key, copy.WriteTo);
    }

    /// <summary>Sets those of the values whose keys are not set yet: the unknown keys of a file that is written back.</summary>
    public ConfigWriter AddMissing(IEnumerable<KeyValuePair<string, JsonElement>> extras)
    {
        ArgumentNullException.ThrowIfNull(extras);
        foreach (var (key, value) in extras)
        {
            if (!_values.ContainsKey(key))
            {
                Set(key, value);
            }
        }

        return this;
    }

    /// <summary>An object of properties in their order, as a value for <see cref="Set(string, JsonElement)"/>. Nothing is reflected upon.</summary>
    internal static JsonElement ElementOf(IEnumerable<KeyValuePair<string, Action<Utf8JsonWriter>>> properties)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, write) in properties)
            {
                writer.WritePropertyName(name);
                write(writer);
            }

            writer.WriteEndObject();
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    /// <summary>Sets the version of diffusers, unless the file that is written back had one.</summary>
    internal ConfigWriter AddVersion() => _values.ContainsKey(VersionKey) ? this : Set(VersionKey, DiffusersVersion);

    /// <summary>The file's text.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions
        {
            Indented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var writer = new Utf8JsonWriter(stream, options))
        {
            writer.WriteStartObject();
            foreach (var (key, write) in _values)
            {
                writer.WritePropertyName(key);
                write(writer);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    /// <summary>Writes the file; a reader sees the old one or the new one, never half of it.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <exception cref="ConsistencyModelsException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.WriteAllText(path, ToJson());
    }

    private ConfigWriter PutList<T>(string key, IEnumerable<T> values, Action<Utf8JsonWriter, T> write)
    {
        var copy = values.ToArray();
        return Put(key, w =>
        {
            w.WriteStartArray();
            foreach (var value in copy)
            {
                write(w, value);
            }

            w.WriteEndArray();
        });
    }

    private ConfigWriter Put(string key, Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(key); // an empty one is a key like others
        _values[key] = write;
        return this;
    }
}
