using System.Text;
using System.Text.Json;

namespace ConsistencyModels.Files;

/// <summary>
/// Reads the typed values of one JSON configuration file. Every error names the file, the key, what was found and what
/// was expected; keys nobody asked for are kept in <see cref="Extras"/>, so that saving loses nothing.
/// Not safe for use by several threads at once.
/// </summary>
public sealed class ConfigReader
{
    private const int LongestQuote = 60;

    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Reads from a JSON object.</summary>
    /// <param name="root">The object; it is copied.</param>
    /// <param name="origin">The file's path, or a word for where the JSON came from; used in messages.</param>
    /// <exception cref="ConsistencyModelsException"><paramref name="root"/> is not an object.</exception>
    public ConfigReader(JsonElement root, string origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        Origin = origin;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new ConsistencyModelsException($"{origin}: found {Describe(root)}, expected a JSON object.");
        }

        try
        {
            Decode(root);
        }
        catch (InvalidOperationException e)
        {
            throw new ConsistencyModelsException($"{origin}: a string in it is not valid Unicode, expected a JSON object of readable text.", e);
        }

        foreach (var property in root.EnumerateObject())
        {
            // A repeated key: the last one wins, as in Python's json.
            _values[property.Name] = property.Value.Clone();
        }
    }

    /// <summary>The file the values come from, for messages.</summary>
    public string Origin { get; }

    /// <summary>Every key of the file.</summary>
    public IReadOnlyCollection<string> Keys => _values.Keys;

    /// <summary>The keys that have not been read so far, with their values.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extras =>
        _values.Where(pair => !_read.Contains(pair.Key)).ToDictionary(StringComparer.Ordinal);

    /// <summary>Opens and parses a file.</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="ConsistencyModelsException">The file is missing, unreadable, longer than 16 MB, not JSON or not an object.</exception>
    public static ConfigReader Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(JsonFile.ReadBytes(path), path);
    }

    /// <summary>Reads a file's text.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="origin">Where it came from, for messages.</param>
    /// <exception cref="ConsistencyModelsException">The text is not JSON or not an object.</exception>
    public static ConfigReader FromJson(string json, string origin)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Parse(Encoding.UTF8.GetBytes(json), origin);
    }

    private static ConfigReader Parse(byte[] json, string origin)
    {
        try
        {
            using var document = JsonFile.Parse(json);
            return new ConfigReader(document.RootElement, origin);
        }
        catch (JsonException e) when (e.LineNumber is null)
        {
            throw new ConsistencyModelsException($"{origin}: {e.Message}, expected a JSON configuration.", e);
        }
        catch (JsonException e)
        {
            var wrong = WrongContent.Describe(json);
            throw new ConsistencyModelsException(
                $"{origin}: not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}, expected a JSON object{(wrong is null ? "" : $"; it is {wrong}")}.", e);
        }
    }

    /// <summary>Whether the file has the key and its value is not null.</summary>
    public bool Has(string key) => _values.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The raw value, or null when the key is absent. Marks the key as read.</summary>
    public JsonElement? Element(string key)
    {
        _read.Add(key);
        return _values.TryGetValue(key, out var value) ? value : null;
    }

    /// <summary>An integer in the range of <see cref="int"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not an integer, or a compulsory key is absent.</exception>
    public int Int(string key, int? fallback = null) =>
        Read(key, fallback, "an integer", (JsonElement e, out int value) => IsNumber(e, out value) && e.TryGetInt32(out value));

    /// <summary>An integer, or null when the key is absent or its value is null.</summary>
    /// <exception cref="ConsistencyModelsException">The value is neither null nor an integer.</exception>
    public int? IntOrNull(string key) => Nullable(key) ? null : Int(key);

    /// <summary>A finite number.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not a finite number, or a compulsory key is absent.</exception>
    public double Double(string key, double? fallback = null) =>
        Read(key, fallback, "a number", (JsonElement e, out double value) =>
            IsNumber(e, out value) && e.TryGetDouble(out value) && double.IsFinite(value));

    /// <summary>A finite number, or null when the key is absent or its value is null.</summary>
    /// <exception cref="ConsistencyModelsException">The value is neither null nor a finite number.</exception>
    public double? DoubleOrNull(string key) => Nullable(key) ? null : Double(key);

    /// <summary>true or false.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not a boolean, or a compulsory key is absent.</exception>
    public bool Bool(string key, bool? fallback = null) =>
        Read(key, fallback, "true or false", (JsonElement e, out bool value) =>
        {
            value = e.ValueKind == JsonValueKind.True;
            return e.ValueKind is JsonValueKind.True or JsonValueKind.False;
        });

    /// <summary>A string.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not a string, or a compulsory key is absent.</exception>
    public string String(string key, string? fallback = null)
    {
        var element = Element(key);
        return element is null
            ? fallback ?? throw Missing(key, "a string")
            : element.Value.ValueKind == JsonValueKind.String ? element.Value.GetString()! : throw Bad(key, "a string");
    }

    /// <summary>A string, or null when the key is absent or its value is null.</summary>
    /// <exception cref="ConsistencyModelsException">The value is neither null nor a string.</exception>
    public string? StringOrNull(string key) => Nullable(key) ? null : String(key);

    /// <summary>A list of integers. A single integer counts as a list of one, as in <c>sample_size</c>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not a list of integers, or a compulsory key is absent.</exception>
    public IReadOnlyList<int> IntList(string key, IReadOnlyList<int>? fallback = null) =>
        List(key, fallback, "a list of integers", JsonValueKind.Number, (JsonElement e, out int value) => e.TryGetInt32(out value));

    /// <summary>A list of strings. A single string counts as a list of one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value when the key is absent; null makes the key compulsory.</param>
    /// <exception cref="ConsistencyModelsException">The value is not a list of strings, or a compulsory key is absent.</exception>
    public IReadOnlyList<string> StringList(string key, IReadOnlyList<string>? fallback = null) =>
        List(key, fallback, "a list of strings", JsonValueKind.String, (JsonElement e, out string value) =>
        {
            value = e.GetString()!;
            return true;
        });

    /// <summary>The exception for a value that has the right type and still makes no sense.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">What would have been right, as the end of "expected …".</param>
    public ConsistencyModelsException Bad(string key, string expected) =>
        _values.TryGetValue(key, out var value)
            ? new ConsistencyModelsException($"{Origin}: {key}: found {Describe(value)}, expected {expected}.")
            : Missing(key, expected);

    private static bool IsNumber<T>(JsonElement element, out T value)
        where T : struct
    {
        value = default;
        return element.ValueKind == JsonValueKind.Number;
    }

    // JSON may hold half of a surrogate pair, which only shows when the string is decoded: here, rather than wherever it is used.
    private static void Decode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Decode(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Decode(property.Value);
                }

                break;
        }
    }

    private static string Describe(JsonElement element)
    {
        var text = element.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= LongestQuote ? text : string.Concat(text.AsSpan(0, LongestQuote), "…");
    }

    private ConsistencyModelsException Missing(string key, string expected) =>
        new($"{Origin}: {key}: missing, expected {expected}.");

    private bool Nullable(string key)
    {
        _read.Add(key);
        return !Has(key);
    }

    private T Read<T>(string key, T? fallback, string expected, Converter<T> convert)
        where T : struct
    {
        var element = Element(key);
        if (element is null)
        {
            return fallback ?? throw Missing(key, expected);
        }

        return convert(element.Value, out var value) ? value : throw Bad(key, expected);
    }

    private T[] List<T>(string key, IReadOnlyList<T>? fallback, string expected, JsonValueKind kind, Converter<T> convert)
    {
        if (Element(key) is not { } element)
        {
            return fallback?.ToArray() ?? throw Missing(key, expected);
        }

        JsonElement[] items = element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [element];
        var values = new T[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i].ValueKind != kind || !convert(items[i], out values[i]))
            {
                throw Bad(key, expected);
            }
        }

        return values;
    }

    private delegate bool Converter<T>(JsonElement element, out T value);
}
