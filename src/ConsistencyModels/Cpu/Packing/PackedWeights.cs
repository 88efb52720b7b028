namespace ConsistencyModels.Cpu;

/// <summary>
/// All packed weights of a network in one block of memory. The first plan asks for what it needs, in the order in which it is
/// used; <see cref="Fill"/> then reads the checkpoint. Plans for other shapes find the same weights by name.
/// </summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private const long Alignment = 64;

    private readonly Dictionary<string, PackedTensor> _tensors = new(StringComparer.Ordinal);
    private NativeBuffer? _block;

    /// <summary>Whether matrices are kept in half precision.</summary>
    public required bool Half { get; init; }

    /// <summary>Size of the block in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The weights of that name; asked for the first time, they are planned.</summary>
    public T Get<T>(string name, Func<T> create)
        where T : PackedTensor
    {
        if (_tensors.TryGetValue(name, out var known))
        {
            return (T)known;
        }

        if (_block is not null)
        {
            throw new InvalidOperationException($"{name} was not packed.");
        }

        var tensor = create();
        tensor.Offset = Bytes;
        Bytes += (tensor.Bytes + Alignment - 1) / Alignment * Alignment;
        _tensors.Add(name, tensor);
        return tensor;
    }

    /// <summary>Allocates the block and packs everything.</summary>
    public void Fill(WeightReader reader, ParallelRunner parallel)
    {
        _block = new NativeBuffer(Bytes);
        foreach (var tensor in _tensors.Values)
        {
            tensor.Pointer = _block.Pointer + tensor.Offset;
            tensor.Pack(reader, parallel);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _block?.Dispose();
}
