using System.Collections;
using System.Text.Json;

namespace ConsistencyModels.Files;

/// <summary>
/// A list for records: compared by its elements, where a record would compare a list by reference, and a copy, so that nobody
/// changes it afterwards.
/// </summary>
internal sealed class ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private readonly T[] _items;

    private ValueList(T[] items) => _items = items;

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public T this[int index] => _items[index];

    /// <summary>Copies a list, unless it is one of these.</summary>
    public static ValueList<T> Of(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items as ValueList<T> ?? new([.. items]);
    }

    /// <summary>The same where there may be none.</summary>
    public static ValueList<T>? OfOrNull(IReadOnlyList<T>? items) => items is null ? null : Of(items);

    /// <inheritdoc/>
    public bool Equals(ValueList<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _items)}]";

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A file's unknown keys for records: compared by keys and values, in whatever order, and a copy.</summary>
internal sealed class ValueExtras : IReadOnlyDictionary<string, JsonElement>, IEquatable<ValueExtras>
{
    private readonly OrderedDictionary<string, JsonElement> _values;

    private ValueExtras(IEnumerable<KeyValuePair<string, JsonElement>> values) => _values = new(values, StringComparer.Ordinal);

    /// <summary>No keys.</summary>
    public static ValueExtras None { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _values.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _values.Keys;

    /// <inheritdoc/>
    public IEnumerable<JsonElement> Values => _values.Values;

    /// <inheritdoc/>
    public JsonElement this[string key] => _values[key];

    /// <summary>Copies keys and values, unless they are one of these.</summary>
    public static ValueExtras Of(IReadOnlyDictionary<string, JsonElement> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values as ValueExtras ?? new(values);
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, out JsonElement value) => _values.TryGetValue(key, out value);

    /// <inheritdoc/>
    public bool Equals(ValueExtras? other) =>
        other is not null
        && Count == other.Count
        && _values.All(pair => other.TryGetValue(pair.Key, out var value) && JsonElement.DeepEquals(pair.Value, value));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ValueExtras);

    /// <inheritdoc/>
    // By the keys only: equal values may be written differently.
    public override int GetHashCode() => _values.Keys.Aggregate(Count, (hash, key) => hash ^ StringComparer.Ordinal.GetHashCode(key));

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _values.Keys)}]";

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, JsonElement>> GetEnumerator() => _values.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
