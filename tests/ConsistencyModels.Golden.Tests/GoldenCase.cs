using System.Buffers.Binary;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// One recorded case: its JSON, and the tensors of the safetensors file with the same base name, if there is one. It remembers
/// what was read of both.
/// </summary>
public sealed partial class GoldenCase : IDisposable
{
    // What a case says about itself: no argument, and no result of the reference's. "tensors" is compared with the file.
    private static readonly IReadOnlySet<string> Descriptive = new HashSet<string> { "kind", "reference", "note", "tensors", "verified" };

    private readonly HashSet<string> _read = [];
    private readonly string _tensorFile;
    private SafetensorsFile? _tensors;

    public GoldenCase(string path)
        : this(path, Parse(File.ReadAllText(path)))
    {
    }

    /// <summary>A case with the file's tensors and a JSON of one's own.</summary>
    public GoldenCase(string path, JsonElement json)
    {
        FilePath = path;
        _tensorFile = Path.ChangeExtension(path, ".safetensors");
        Json = new(json);
    }

    /// <summary>The JSON file.</summary>
    public string FilePath { get; }

    /// <summary>The folder it lies in: weights and configurations of a case lie beside it.</summary>
    public string Folder => Path.GetDirectoryName(FilePath)!;

    public GoldenArguments Json { get; }

    public string Kind => Json.Text("kind");

    public bool Has(string tensor) => File.Exists(_tensorFile) && Tensors.Tensors.ContainsKey(tensor);

    public int[] Shape(string tensor) => [.. Tensors.Tensors[tensor].Shape.Select(size => checked((int)size))];

    /// <summary>The names of the tensors that start with a prefix, in order.</summary>
    public IReadOnlyList<string> Names(string prefix = "") =>
        File.Exists(_tensorFile) ? [.. Tensors.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)] : [];

    /// <summary>A tensor as float32 in C order; float16 is widened.</summary>
    public float[] Floats(string tensor)
    {
        _read.Add(tensor);
        var values = new float[Tensors.Tensors[tensor].ElementCount];
        Tensors.CopyTo(tensor, values);
        return values;
    }

    /// <summary>An int64 tensor in C order.</summary>
    public long[] Longs(string tensor)
    {
        _read.Add(tensor);
        Assert.Equal(TensorDType.I64, Tensors.Tensors[tensor].DType);
        var bytes = Tensors.Bytes(tensor);
        var values = new long[bytes.Length / sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
        }

        return values;
    }

    /// <summary>Labels of classes; none where the case has no such tensor.</summary>
    public int[] Labels(string tensor = "y") => Has(tensor) ? [.. Longs(tensor).Select(label => checked((int)label))] : [];

    /// <summary>Marks a tensor as read that has nothing to be compared with.</summary>
    public void Ignore(string tensor, string why)
    {
        Assert.NotEmpty(why);
        _read.Add(tensor);
    }

    /// <summary>Asserts that the JSON's list of tensors is the file's: names, element types and shapes.</summary>
    public void HasTensorsAsDescribed()
    {
        if (Json.Find("tensors") is not { } described)
        {
            return;
        }

        var expected = described.EnumerateObject().SelectMany(group => group.Value.EnumerateObject()).Select(tensor => Describe(
            tensor.Name,
            tensor.Value.GetProperty("dtype").GetString()!,
            tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())));
        var found = Names().Select(name => Describe(name, Word(Tensors.Tensors[name].DType), Shape(name)));
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    /// <summary>What the JSON says about a tensor in words.</summary>
    public string WordsAbout(string tensor) =>
        Json.Get("tensors").EnumerateObject().SelectMany(group => group.Value.EnumerateObject()).Single(one => one.Name == tensor).Value.GetProperty("what").GetString()!;

    /// <summary>What no check has read: keys of the JSON and names of tensors.</summary>
    public IEnumerable<string> Unread() =>
        [.. Json.Unread().Where(key => !Descriptive.Contains(key)), .. Names().Where(name => !_read.Contains(name)).Select(name => $"tensor {name}")];

    public void Dispose() => _tensors?.Dispose();

    /// <summary>Reads JSON as Python writes it: infinity and NaN are words there, which no strict reader takes.</summary>
    internal static JsonElement Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return JsonDocument.Parse(StringOrWord().Replace(text, found => found.Value[0] == '"' ? found.Value : $"\"{found.Value}\"")).RootElement;
        }
    }

    private ITensorSource Tensors => _tensors ??= SafetensorsFile.Open(_tensorFile);

    private static string Word(TensorDType type) => type switch
    {
        TensorDType.I64 => "int64",
        TensorDType.F16 => "float16",
        TensorDType.F32 => "float32",
        _ => type.ToString(),
    };

    private static string Describe(string name, string type, IEnumerable<int> shape) => $"{name}: {type} [{string.Join(',', shape)}]";

    // Strings are matched so that nothing inside of them is.
    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|-?Infinity|NaN
        """)]
    private static partial Regex StringOrWord();
}
