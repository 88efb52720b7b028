using System.Text.Json;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>An object of a manifest, whose errors name the file and the key.</summary>
internal sealed class ManifestReader(JsonElement json, string origin, string place = "")
{
    public bool Has(string key) => json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    public ManifestReader Object(string key) =>
        Has(key) && json.GetProperty(key) is { ValueKind: JsonValueKind.Object } inner ? new(inner, origin, Name(key) + ".") : throw Wrong(key, "an object");

    public string Text(string key) => TextOrNull(key) ?? throw Wrong(key, "a text");

    public string? TextOrNull(string key) =>
        !Has(key) ? null : json.GetProperty(key) is { ValueKind: JsonValueKind.String } text ? text.GetString() : throw Wrong(key, "a text");

    public RgbColor? ColorOrNull(string key) =>
        TextOrNull(key) is not { } text ? null : RgbColor.TryParse(text, out var color) ? color : throw Wrong(key, "a colour such as #ffffff");

    public int Whole(string key) => WholeOrNull(key) ?? throw Wrong(key, "a whole number");

    public int? WholeOrNull(string key) =>
        !Has(key) ? null : json.GetProperty(key) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var value) && value >= 0 ? value : throw Wrong(key, "a whole number from 0");

    public int? WholeOrNull(string key, int lowest, int highest) =>
        WholeOrNull(key) is not { } value || (value >= lowest && value <= highest) ? WholeOrNull(key) : throw Wrong(key, $"{lowest} to {highest}");

    public ulong Seed(string key) =>
        Has(key) && json.GetProperty(key) is { ValueKind: JsonValueKind.Number } number && number.TryGetUInt64(out var value) ? value : throw Wrong(key, "a whole number from 0");

    public double? NumberOrNull(string key) =>
        !Has(key) ? null : json.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : throw Wrong(key, "a number");

    public bool Flag(string key) =>
        Has(key) && json.GetProperty(key) is { ValueKind: JsonValueKind.True or JsonValueKind.False } flag ? flag.GetBoolean() : throw Wrong(key, "true or false");

    public int[]? WholesOrNull(string key) =>
        !Has(key) ? null
        : json.GetProperty(key) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out _)) ? [.. list.EnumerateArray().Select(one => one.GetInt32())]
        : throw Wrong(key, "a list of whole numbers");

    public string[] Texts(string key) =>
        Has(key) && json.GetProperty(key) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) ? [.. list.EnumerateArray().Select(one => one.GetString()!)]
        : throw Wrong(key, "a list of texts");

    public IReadOnlyList<ManifestReader> Objects(string key) =>
        Has(key) && json.GetProperty(key) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Object)
            ? [.. list.EnumerateArray().Select((one, i) => new ManifestReader(one, origin, $"{Name(key)}[{i}]."))]
            : throw Wrong(key, "a list of objects");

    private string Name(string key) => place + key;

    private ConsistencyModelsException Wrong(string key, string expected) =>
        new($"{origin}: the key {Printable.Quote(Name(key))} is {(json.TryGetProperty(key, out var value) ? Printable.Line(value.GetRawText(), 60) : "missing")}, expected {expected}");
}
