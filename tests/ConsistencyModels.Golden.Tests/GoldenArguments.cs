using System.Text.Json;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// An object in a case's JSON that remembers what a check has asked for. What nobody asked for was recorded for a reason and not
/// checked: <see cref="Unread"/> names it. A default is always the reference's own and stands where the value is asked for.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="path">Where it stands in the case, such as "args" or "cases[3]"; empty for the case itself.</param>
public sealed class GoldenArguments(JsonElement json, string path = "")
{
    private readonly HashSet<string> _read = [];
    private readonly Dictionary<string, GoldenArguments[]> _objects = [];

    /// <summary>The keys, in the file's order.</summary>
    public IEnumerable<string> Keys => json.EnumerateObject().Select(property => property.Name);

    /// <summary>A value, or null where it is absent or null. Reading an object this way reads all of it.</summary>
    public JsonElement? Find(string key)
    {
        _read.Add(key);
        return json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>A value that has to be there.</summary>
    public JsonElement Get(string key) =>
        Find(key) ?? throw new InvalidOperationException($"The case has no \"{Name(key)}\".");

    /// <summary>Whether the key is there, with any value; asking does not read it.</summary>
    public bool Has(string key) => json.TryGetProperty(key, out _);

    /// <summary>An object whose own keys are to be read.</summary>
    public GoldenArguments Object(string key)
    {
        var value = Get(key);
        Assert.Equal(JsonValueKind.Object, value.ValueKind);
        return Objects(key, [value], _ => Name(key))[0];
    }

    /// <summary>A list of objects whose own keys are to be read.</summary>
    public IReadOnlyList<GoldenArguments> Objects(string key) => Objects(key, [.. Get(key).EnumerateArray()], i => $"{Name(key)}[{i}]");

    public string Text(string key) => Get(key).GetString()!;

    public string Text(string key, string reference) => Find(key)?.GetString() ?? reference;

    public int Int(string key) => Get(key).GetInt32();

    public int Int(string key, int reference) => Find(key)?.GetInt32() ?? reference;

    public double Number(string key) => Number(Get(key));

    public double Number(string key, double reference) => Find(key) is { } value ? Number(value) : reference;

    public bool Flag(string key) => Get(key).GetBoolean();

    public int[] Ints(string key) => [.. Get(key).EnumerateArray().Select(value => value.GetInt32())];

    public double[] Numbers(string key) => [.. Get(key).EnumerateArray().Select(Number)];

    public string[] Texts(string key) => [.. Get(key).EnumerateArray().Select(value => value.GetString()!)];

    /// <summary>An argument of the reference for which the library has no setting: it has to be what the library always uses.</summary>
    public void Fixed(string key, double only)
    {
        var value = Number(key, only);
        Assert.True(value == only, $"\"{Name(key)}\" is {value}; the library has {only} and no setting for it.");
    }

    /// <summary>Reads a key that has nothing to be compared with.</summary>
    /// <param name="key">The key; it need not be there.</param>
    /// <param name="why">Why not: for whoever reads the check.</param>
    public void Ignore(string key, string why)
    {
        Assert.NotEmpty(why);
        _read.Add(key);
    }

    /// <summary>The paths of all keys that were not read, here and below.</summary>
    public IEnumerable<string> Unread() =>
        Keys.SelectMany(key => !_read.Contains(key) ? [Name(key)] : _objects.TryGetValue(key, out var inner) ? inner.SelectMany(one => one.Unread()) : []);

    // Python writes infinity as a word, which stands in quotes by now.
    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : value.GetDouble();

    private GoldenArguments[] Objects(string key, JsonElement[] values, Func<int, string> name)
    {
        if (!_objects.TryGetValue(key, out var objects))
        {
            objects = [.. values.Select((value, i) => new GoldenArguments(value, name(i)))];
            _objects[key] = objects;
        }

        return objects;
    }

    private string Name(string key) => path.Length == 0 ? key : $"{path}.{key}";
}
