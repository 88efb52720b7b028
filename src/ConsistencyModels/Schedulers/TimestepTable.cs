using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Schedulers;

/// <summary>
/// A model's own timesteps for sampling in so many steps, as <c>cm search-steps --write</c> finds them; a number of steps that is not in the
/// table has equally spaced ones, as every number has in diffusers. Immutable; equal to a table of the same lists.
/// </summary>
public sealed class TimestepTable : IEquatable<TimestepTable>
{
    internal const string Key = "_timesteps";

    // What --steps of a search can be is far less.
    private const int MostLists = 64;
    private const int MostSteps = 1024;

    private readonly SortedDictionary<int, ValueList<int>> _lists;

    private TimestepTable(IEnumerable<ValueList<int>> lists) => _lists = new(lists.ToDictionary(list => list.Count));

    /// <summary>A table of nothing.</summary>
    public static TimestepTable None { get; } = new([]);

    /// <summary>The numbers of steps in the table, ascending.</summary>
    public IReadOnlyCollection<int> Steps => _lists.Keys;

    /// <summary>The timesteps for a number of steps; null where the model has none of its own.</summary>
    /// <param name="steps">Number of steps.</param>
    public IReadOnlyList<int>? For(int steps) => _lists.GetValueOrDefault(steps);

    /// <summary>The same table with one more list, in the place of one as long.</summary>
    /// <param name="timesteps">Two or more strictly descending indices, such as [22, 0]; that they are below the model's num_train_timesteps is checked where the table is used.</param>
    /// <exception cref="ArgumentException">They are fewer than two or more than 1024, negative, or do not descend; or the table has 64 others.</exception>
    public TimestepTable With(IReadOnlyList<int> timesteps)
    {
        var list = ValueList<int>.Of(timesteps);
        if (!IsOne(list))
        {
            throw new ArgumentException($"The timesteps are {list}; expected 2 to {MostSteps} indices from 0 on, each smaller than the one before.", nameof(timesteps));
        }

        ValueList<int>[] lists = [.. _lists.Values.Where(other => other.Count != list.Count), list];
        return lists.Length <= MostLists ? new(lists) : throw new ArgumentException($"The table has {MostLists} lists already.", nameof(timesteps));
    }

    /// <summary>Whether all indices are below a number of levels.</summary>
    internal bool Fits(int levels) => _lists.Values.All(list => list[0] < levels);

    /// <summary>Reads the key's value; null if it is not what <see cref="ToJson"/> writes.</summary>
    internal static TimestepTable? FromJson(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostLists)
        {
            return null;
        }

        List<ValueList<int>> lists = [];
        foreach (var element in value.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Array
                || element.GetArrayLength() > MostSteps
                || element.EnumerateArray().Any(index => index.ValueKind != JsonValueKind.Number || !index.TryGetInt32(out _)))
            {
                return null;
            }

            lists.Add(ValueList<int>.Of([.. element.EnumerateArray().Select(index => index.GetInt32())]));
        }

        return lists.TrueForAll(IsOne) && lists.DistinctBy(list => list.Count).Count() == lists.Count ? new(lists) : null;
    }

    /// <summary>The key's value.</summary>
    internal JsonElement ToJson() => JsonElement.Parse($"[{string.Join(", ", _lists.Values)}]");

    private static bool IsOne(ValueList<int> list) =>
        list.Count is >= 2 and <= MostSteps && list[^1] >= 0 && list.Zip(list.Skip(1)).All(pair => pair.First > pair.Second);

    /// <inheritdoc/>
    public bool Equals(TimestepTable? other) => other is not null && _lists.Values.SequenceEqual(other._lists.Values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TimestepTable);

    /// <inheritdoc/>
    public override int GetHashCode() => _lists.Values.Aggregate(0, HashCode.Combine);

    /// <summary>The lists, such as "[22, 0], [30, 14, 0]".</summary>
    public override string ToString() => string.Join(", ", _lists.Values);
}
