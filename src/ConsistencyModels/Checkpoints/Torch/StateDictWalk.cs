using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Walks nested dicts, lists and tuples. A pickle can share its containers, and even let them contain themselves: the depth is
/// bounded, the visits of all walks with one instance together, and what they allocate.
/// </summary>
internal sealed class StateDictWalk(string path, AllocationBudget budget)
{
    private const int Deepest = 32;
    private const int MostVisits = 1_000_000;
    private const int ContainerCost = 64; // enumerators
    private const long MostNameCharacters = 8_000_000;
    private const int LongestName = 4096;
    private int _visits;
    private long _nameCharacters;

    /// <summary>Hands over every tensor, under its keys joined by '.'.</summary>
    /// <exception cref="CheckpointException">There is something unknown among them.</exception>
    public void NamedTensors(object? root, Action<string, TorchTensor> found) => Walk("", root, 0, named: true, found);

    /// <summary>Hands over every tensor, as often as it is reached.</summary>
    public void Tensors(object? root, Action<TorchTensor> found) => Walk("", root, 0, named: false, (_, tensor) => found(tensor));

    /// <summary>Whether there is a tensor somewhere inside that is reached through dicts only: lists have no names.</summary>
    /// <param name="value">Where to look.</param>
    /// <param name="wanted">Which tensors count, by their last keys; null for all.</param>
    /// <param name="depth">How deep it lies.</param>
    public bool HasNamedTensor(object? value, Predicate<string>? wanted = null, int depth = 0)
    {
        if (value is not PickleDict dict || depth == Deepest)
        {
            return false;
        }

        budget.Charge(ContainerCost);
        for (var i = 0; i < dict.Count; i++)
        {
            Visit();
            if (dict.Values[i] is TorchTensor
                ? wanted is null || (dict.Keys[i] is string key && wanted(key))
                : HasNamedTensor(dict.Values[i], wanted, depth + 1))
            {
                return true;
            }
        }

        return false;
    }

    private void Walk(string prefix, object? value, int depth, bool named, Action<string, TorchTensor> found)
    {
        if (value is TorchTensor tensor)
        {
            found(prefix, tensor);
            return;
        }

        if (named && value is PickleUnknown unknown)
        {
            var place = prefix.Length == 0 ? "" : $" (at {Printable.Quote(prefix)})";
            throw new CheckpointException(
                $"{path}: the pickle asks for {Printable.Quote(unknown.Name)}, which is not among the names a checkpoint may use; nothing was run{place}");
        }

        var children = value switch
        {
            PickleDict { Values: var values } => values,
            PickleList { Items: var items } => items,
            PickleTuple { Items: var items } => items,
            _ => null,
        };
        if (children is null)
        {
            return;
        }

        if (depth == Deepest)
        {
            throw new CheckpointException($"{path}: its dicts and lists are nested more than {Deepest} deep");
        }

        budget.Charge(ContainerCost);
        for (var i = 0; i < children.Count; i++)
        {
            Visit();
            if (children[i] is TorchTensor or PickleDict or PickleList or PickleTuple or PickleUnknown)
            {
                var name = named ? Join(prefix, value is PickleDict dict ? dict.Keys[i] : (long)i) : "";
                Walk(name, children[i], depth + 1, named, found);
            }
        }
    }

    private void Visit()
    {
        if (++_visits > MostVisits)
        {
            throw new CheckpointException($"{path}: its dicts and lists hold more than {MostVisits} values");
        }
    }

    private string Join(string prefix, object? key)
    {
        var text = key switch
        {
            string name => name,
            long number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => throw new CheckpointException($"{path}: a dict with tensors has a key that is neither a string nor an integer"),
        };
        var joined = prefix.Length == 0 ? text : $"{prefix}.{text}";
        _nameCharacters += joined.Length;
        return joined.Length <= LongestName && _nameCharacters <= MostNameCharacters
            ? joined
            : throw new CheckpointException($"{path}: the names of its tensors are too long ({Printable.Quote(joined)})");
    }
}
