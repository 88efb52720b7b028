using System.Globalization;
using System.Text.Json;

namespace ConsistencyModels.Models;

/// <summary>
/// Names of a model's classes, as <c>model_index.json</c> stores them under <c>id2label</c> (diffusers' DiTPipeline does the same):
/// class index to a name, or to several separated by commas ("tench, Tinca tinca"). Immutable.
/// </summary>
public sealed class ClassNames
{
    /// <summary>The key in <c>model_index.json</c>.</summary>
    internal const string Key = "id2label";

    private readonly SortedDictionary<int, string> _names;

    /// <summary>Takes names by class index.</summary>
    /// <param name="names">Index from 0 up, to a name or several separated by commas; not every class needs one.</param>
    /// <exception cref="ArgumentException">An index is negative or given twice, or a name is empty.</exception>
    public ClassNames(IEnumerable<KeyValuePair<int, string>> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        _names = [];
        foreach (var (index, name) in names)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index, nameof(names));
            ArgumentException.ThrowIfNullOrWhiteSpace(name, nameof(names));
            if (!_names.TryAdd(index, name))
            {
                throw new ArgumentException($"Class {index} is named twice.", nameof(names));
            }
        }
    }

    /// <summary>Takes names in the order of the classes, from 0 on.</summary>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public ClassNames(IEnumerable<string> names)
        : this((names ?? throw new ArgumentNullException(nameof(names))).Select((name, index) => KeyValuePair.Create(index, name)))
    {
    }

    /// <summary>Every name by class index, ascending.</summary>
    public IReadOnlyDictionary<int, string> ById => _names;

    /// <summary>The name of a class, or null if it has none.</summary>
    public string? this[int index] => _names.GetValueOrDefault(index);

    /// <summary>The class of a name, or of one of several separated by commas, whatever the case; null if no class is called so.</summary>
    /// <remarks>Where two classes share a name (ImageNet's "crane"), the first is meant.</remarks>
    public int? Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var wanted = name.Trim();
        foreach (var (index, names) in _names)
        {
            if (Same(names, wanted) || names.Split(',').Any(part => Same(part.Trim(), wanted)))
            {
                return index;
            }
        }

        return null;

        static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads the value of <c>id2label</c>; null if it is not {"0": "name", …}.</summary>
    internal static ClassNames? FromJson(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        Dictionary<int, string> names = [];
        foreach (var entry in value.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || entry.Value.ValueKind != JsonValueKind.String
                || string.IsNullOrWhiteSpace(entry.Value.GetString())
                || !names.TryAdd(index, entry.Value.GetString()!))
            {
                return null;
            }
        }

        return new ClassNames(names);
    }

    /// <summary>The value of <c>id2label</c>.</summary>
    internal JsonElement ToJson() => JsonSerializer.SerializeToElement(
        _names.ToDictionary(pair => pair.Key.ToString(CultureInfo.InvariantCulture), pair => pair.Value));
}
