using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu.Packing;

/// <summary>
/// All packed weights of a network in one block of memory. The first plan asks for what it needs, in the order in which it is
/// used; <see cref="Fill"/> then reads the checkpoint. Plans for other shapes find the same weights by name.
/// </summary>
internal sealed unsafe class PackedWeights : IWeightSet, IDisposable
{
    private const long Alignment = 64;

    private readonly Dictionary<string, PackedTensor> _tensors = new(StringComparer.Ordinal);
    private readonly UseCount _uses;
    private IDisposable? _memory;

    /// <summary>Nothing yet.</summary>
    public PackedWeights() => _uses = new UseCount(() => _memory?.Dispose());

    /// <summary>Whether matrices are kept in half precision.</summary>
    public required bool Half { get; init; }

    /// <summary>Size of the block in bytes.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    public T Get<T>(string name, Func<T> create)
        where T : PackedTensor
    {
        if (_tensors.TryGetValue(name, out var known))
        {
            return (T)known;
        }

        if (_memory is not null)
        {
            throw new InvalidOperationException($"{name} was not packed.");
        }

        var tensor = create();
        tensor.Offset = Bytes;
        Bytes += Aligned(tensor.Bytes);
        _tensors.Add(name, tensor);
        return tensor;
    }

    /// <summary>Whether the block is a mapped file.</summary>
    public bool Mapped => _memory is MappedFile;

    /// <summary>The block, once it exists.</summary>
    public byte* Start { get; private set; }

    /// <summary>What the block's bytes depend on beside the parameters' values, as text.</summary>
    public string Layout => string.Join('\n', _tensors.Values.Select(tensor => $"{tensor.Offset} {tensor.Bytes} {tensor.Layout}"));

    /// <summary>Allocates the block and packs everything.</summary>
    public void Fill(WeightReader reader, ParallelRunner parallel)
    {
        var block = new NativeBuffer(Bytes);
        Use(block, block.Pointer);
        foreach (var tensor in _tensors.Values)
        {
            parallel.ThrowIfCancelled();
            tensor.Pack(reader, parallel);

            // The gap goes into the cache's file too: the same weights make the same file, and no other memory gets there.
            new Span<byte>(tensor.Pointer + tensor.Bytes, (int)(Aligned(tensor.Bytes) - tensor.Bytes)).Clear();
        }
    }

    /// <summary>Takes a block that was packed before.</summary>
    /// <param name="owner">Disposed with this.</param>
    /// <param name="start"><see cref="Bytes"/> bytes, aligned like a cache line.</param>
    public void Use(IDisposable owner, byte* start)
    {
        _memory = owner;
        Start = start;
        foreach (var tensor in _tensors.Values)
        {
            tensor.Pointer = start + tensor.Offset;
        }
    }

    /// <summary>Keeps the block alive, disposed or not, until <see cref="Release"/>.</summary>
    public void Hold() => _uses.Enter(this);

    /// <summary>Ends a <see cref="Hold"/>.</summary>
    public void Release() => _uses.Leave();

    /// <summary>Frees the block, at once or when the last <see cref="Hold"/> ends.</summary>
    public void Dispose() => _uses.Close();

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}

/// <summary>Packed weights by name, for those who plan layers.</summary>
internal interface IWeightSet
{
    /// <summary>Whether matrices are kept in half precision.</summary>
    bool Half { get; }

    /// <summary>The weights of that name; asked for the first time, they are planned.</summary>
    T Get<T>(string name, Func<T> create)
        where T : PackedTensor;
}
