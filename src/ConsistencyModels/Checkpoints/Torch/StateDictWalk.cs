namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Walks nested dicts, lists and tuples. A pickle can share its containers, and even let them contain themselves: the depth is
/// bounded, the visits of all walks with one instance together, and what they allocate.
/// </summary>
internal sealed class StateDictWalk(string path, AllocationBudget budget)
{
    private const int Deepest = 32;
    private const int MostVisits = 1_000_000;
    private const int ContainerCost = 256; // iterators
    private const long MostNameCharacters = 8_000_000;
    private const int LongestName = 4096;
    private int _visits;
    private long _nameCharacters;

    /// <summary>Every tensor, under its keys joined by '.'.</summary>
    public IEnumerable<(string Name, TorchTensor Tensor)> NamedTensors(object? root) => Walk("", root, 0, named: true);

    /// <summary>Every tensor, as often as it is reached.</summary>
    public IEnumerable<TorchTensor> Tensors(object? root) => Walk("", root, 0, named: false).Select(item => item.Tensor);

    /// <summary>Whether there is a tensor somewhere inside that is reached through dicts only: lists have no names.</summary>
    public bool HasNamedTensor(object? value, int depth = 0) =>
        value is PickleDict dict && depth < Deepest && HasNamedTensor(dict, depth);

    private bool HasNamedTensor(PickleDict dict, int depth)
    {
        budget.Charge(ContainerCost);
        foreach (var (_, value) in dict.Items)
        {
            Visit();
            if (value is TorchTensor || HasNamedTensor(value, depth + 1))
            {
                return true;
            }
        }

        return false;
    }

    private IEnumerable<(string Name, TorchTensor Tensor)> Walk(string prefix, object? value, int depth, bool named)
    {
        if (value is TorchTensor tensor)
        {
            yield return (prefix, tensor);
            yield break;
        }

        var children = Children(value);
        if (children is null)
        {
            yield break;
        }

        if (depth == Deepest)
        {
            throw new CheckpointException($"{path}: its dicts and lists are nested more than {Deepest} deep");
        }

        budget.Charge(ContainerCost);
        foreach (var (key, child) in children)
        {
            Visit();
            if (child is not (TorchTensor or PickleDict or PickleList or PickleTuple))
            {
                continue;
            }

            foreach (var found in Walk(named ? Join(prefix, key) : "", child, depth + 1, named))
            {
                yield return found;
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

    private static IEnumerable<(object? Key, object? Value)>? Children(object? value) => value switch
    {
        PickleDict dict => dict.Items,
        PickleList list => list.Items.Select((item, index) => ((object?)(long)index, item)),
        PickleTuple tuple => tuple.Items.Select((item, index) => ((object?)(long)index, item)),
        _ => null,
    };

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
