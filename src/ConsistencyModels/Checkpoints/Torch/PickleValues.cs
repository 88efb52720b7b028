namespace ConsistencyModels.Checkpoints;

/// <summary>A Python tuple. None is null; booleans, integers (long or BigInteger), doubles and strings are themselves.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public static readonly PickleTuple Empty = new([]);

    public object?[] Items { get; } = items;
}

/// <summary>A Python list.</summary>
internal sealed class PickleList
{
    private List<object?>? _items;

    public IReadOnlyList<object?> Items => _items ?? (IReadOnlyList<object?>)[];

    public void Add(object? item) => (_items ??= []).Add(item);
}

/// <summary>A Python dict, or what counts as one (OrderedDict). A repeated key stays in the list: the last one is right.</summary>
internal sealed class PickleDict
{
    private List<object?>? _keys;
    private List<object?>? _values;

    public IReadOnlyList<object?> Keys => _keys ?? (IReadOnlyList<object?>)[];

    public IReadOnlyList<object?> Values => _values ?? (IReadOnlyList<object?>)[];

    public int Count => _keys?.Count ?? 0;

    public void Add(object? key, object? value)
    {
        (_keys ??= []).Add(key);
        (_values ??= []).Add(value);
    }
}

/// <summary>A value that is allowed in a checkpoint and means nothing here: bytes, a set, a device.</summary>
internal sealed class PickleOpaque
{
    public static readonly PickleOpaque Instance = new();
}

/// <summary>
/// Something of a name that is not on the closed list: what was called by it, its state and its items are dropped. Training
/// checkpoints have such values beside their weights (numpy's numbers, command lines, paths); none may lie among the weights.
/// </summary>
/// <param name="Name">The name the pickle asks for.</param>
internal sealed record PickleUnknown(string Name);

/// <summary>A storage a pickle refers to by its persistent id.</summary>
/// <param name="DType">Its element type; null for an untyped storage, which is counted in bytes.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Count">Elements in the whole storage.</param>
/// <param name="ViewOffset">Elements before the part that is meant (legacy files only).</param>
/// <param name="ViewCount">Elements in the part that is meant.</param>
internal sealed record TorchStorage(TensorDType? DType, string Key, long Count, long ViewOffset, long ViewCount)
{
    public int ElementSize => DType?.Size() ?? 1;
}

/// <summary>A tensor as a pickle describes it: a strided view of a storage. Not checked against the storage yet.</summary>
internal sealed record TorchTensor(TorchStorage Storage, TensorDType DType, long Offset, long[] Size, long[] Stride);
