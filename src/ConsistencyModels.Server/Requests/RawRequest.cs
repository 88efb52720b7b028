using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ConsistencyModels.Server.Requests;

/// <summary>The fields of a request as they came, each checked by itself.</summary>
internal sealed class RawRequest(Fields fields, Operation operation)
{
    private const string DataMark = "data:image/";
    private const string Base64Mark = ";base64,";

    private readonly SortedDictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _pictures = new(StringComparer.Ordinal);

    /// <summary>What it is for.</summary>
    public Operation Operation => operation;

    /// <summary>The field of a name.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public Field Find(string name) => fields.Find(name, operation);

    /// <summary>Adds a picture that is a file.</summary>
    public void Add(string name, ReadOnlyMemory<byte> picture)
    {
        ThrowIfThere(name);
        _pictures[name] = picture;
    }

    /// <summary>Adds a value; null is as if it were not there.</summary>
    /// <exception cref="ProblemException">There is no such field, or the value is not for it.</exception>
    public void Add(string name, JsonElement value)
    {
        var field = Find(name);
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (field.Kind == FieldKind.Picture)
        {
            Add(name, Decode(field, value));
            return;
        }

        Check(field, value);
        ThrowIfThere(name);
        _values[name] = value.Clone();
    }

    public bool Has(string name) => _values.ContainsKey(name) || _pictures.ContainsKey(name);

    public ReadOnlyMemory<byte>? Picture(string name) => _pictures.TryGetValue(name, out var bytes) ? bytes : (ReadOnlyMemory<byte>?)null;

    public string? Text(string name) => _values.TryGetValue(name, out var value) ? value.GetString() : null;

    public int? Whole(string name) => _values.TryGetValue(name, out var value) ? value.GetInt32() : null;

    public double? Number(string name) => _values.TryGetValue(name, out var value) ? value.GetDouble() : null;

    public bool Flag(string name) => _values.TryGetValue(name, out var value) && value.GetBoolean();

    public ulong? Seed(string name) => _values.TryGetValue(name, out var value) ? SeedOf(value) : null;

    public ulong[]? Seeds(string name) => Items(name, value => SeedOf(value)!.Value);

    public int[]? Wholes(string name) => Items(name, value => value.GetInt32());

    /// <summary>Names and numbers as texts.</summary>
    public string[]? Texts(string name) => Items(name, ClassText);

    /// <summary>A hash of all of it: the same for the same request, however it was sent.</summary>
    public byte[] Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Fields.Path(operation)));
        foreach (var (name, value) in _values)
        {
            Append(hash, name, Encoding.UTF8.GetBytes(value.GetRawText()));
        }

        foreach (var (name, bytes) in _pictures)
        {
            Append(hash, name, bytes.Span);
        }

        return hash.GetHashAndReset();

        static void Append(IncrementalHash hash, string name, ReadOnlySpan<byte> value)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{name} {value.Length} ")));
            hash.AppendData(value);
        }
    }

    private T[]? Items<T>(string name, Func<JsonElement, T> read) =>
        !_values.TryGetValue(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(read)]
        : [read(value)];

    private void ThrowIfThere(string name)
    {
        if (Has(name))
        {
            throw ProblemException.Of(name, "the field twice", "it once");
        }
    }

    private static void Check(Field field, JsonElement value)
    {
        var fits = field.Kind switch
        {
            FieldKind.Text => value.ValueKind == JsonValueKind.String && value.GetString() is not null, // throws where it is no text
            FieldKind.Word => value.ValueKind == JsonValueKind.String && field.Words.Contains(value.GetString()),
            FieldKind.Whole => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) && whole >= field.Low && whole <= field.High,
            FieldKind.Number => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
                && number <= field.High && (field.Above ? number > field.Low : number >= field.Low),
            FieldKind.Flag => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            FieldKind.Seed => SeedOf(value) is not null,
            _ => CheckItems(field, value),
        };
        if (!fits)
        {
            throw ProblemException.Of(field.Name, Field.Show(value), field.Expected);
        }
    }

    private static bool CheckItems(Field field, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return field.Kind == FieldKind.Classes && IsClass(value);
        }

        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            var fits = field.Kind switch
            {
                FieldKind.Seeds => SeedOf(item) is not null,
                FieldKind.Classes => IsClass(item),
                _ => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var whole) && whole >= 0,
            };
            if (!fits)
            {
                throw ProblemException.Of($"{field.Name}[{index}]", Field.Show(item), field.Kind == FieldKind.Wholes ? "a whole number from 0" : field.Kind == FieldKind.Seeds ? "a seed, a whole number from 0" : "a class number or name");
            }

            index++;
        }

        return index >= Math.Max(1, field.Low)
            && (index <= field.High ? true : throw ProblemException.Of(field.Name, $"a list of {index}", FormattableString.Invariant($"at most {field.High}")));
    }

    private static bool IsClass(JsonElement value) =>
        (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0) || (value.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(value.GetString()));

    private static string ClassText(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static ulong? SeedOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? (value.TryGetUInt64(out var number) ? number : null)
        : value.ValueKind == JsonValueKind.String && ulong.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var text) ? text
        : null;

    // Base64, with or without the mark of a data address; nothing that would have to be fetched.
    private static byte[] Decode(Field field, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : throw ProblemException.Of(field.Name, Field.Show(value), field.Expected);
        var start = 0;
        if (text.StartsWith(DataMark, StringComparison.Ordinal))
        {
            var mark = text.AsSpan(0, Math.Min(text.Length, 100)).IndexOf(Base64Mark, StringComparison.Ordinal);
            start = mark < 0 ? 0 : mark + Base64Mark.Length;
        }

        var bytes = new byte[((text.Length - start) / 4 * 3) + 3];
        return Convert.TryFromBase64Chars(text.AsSpan(start), bytes, out var length)
            ? bytes[..length]
            : throw ProblemException.Of(field.Name, $"'{Printable.Line(text, 40)}'", field.Expected);
    }
}
