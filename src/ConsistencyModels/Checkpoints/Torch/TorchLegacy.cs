using System.Buffers.Binary;
using System.Numerics;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// The format of torch.save before PyTorch 1.6: five pickles (magic number, version, system, the object, the storages' keys),
/// then each storage as its element count and its elements. These are little-endian whatever machine wrote them: PyTorch
/// converts when it writes this format (torch/csrc/serialization.cpp, writeFileRaw).
/// </summary>
internal sealed class TorchLegacy : ITorchStorages
{
    private const int Version = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber, null);

    private readonly string _path;
    private readonly Dictionary<string, long> _offsets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TorchStorage> _used = new(StringComparer.Ordinal);

    private TorchLegacy(MappedFile file, AllocationBudget budget)
    {
        _path = file.Path;
        var position = 0L;
        if (Next(file, budget, ref position) is not BigInteger magic || magic != Magic)
        {
            throw new CheckpointException($"{_path}: not a torch file: a pickle that does not begin with torch's magic number");
        }

        if (Next(file, budget, ref position) is not (long and Version))
        {
            throw new CheckpointException($"{_path}: not a torch file of version {Version}");
        }

        _ = Next(file, budget, ref position); // the system it was written on
        Root = Next(file, budget, ref position);
        CollectStorages(Root, budget);
        PlaceStorages(file, Next(file, budget, ref position), position, budget);
    }

    /// <summary>How a file of this format begins: protocol 2, an integer of ten bytes.</summary>
    public static ReadOnlySpan<byte> Beginning => [0x80, 2, 0x8a, 10];

    /// <inheritdoc/>
    public object? Root { get; }

    /// <inheritdoc/>
    public bool BigEndian => false;

    public static TorchLegacy Open(MappedFile file, AllocationBudget budget) => new(file, budget);

    /// <inheritdoc/>
    public long Locate(TorchStorage storage) =>
        _offsets.TryGetValue(storage.Key, out var offset)
            ? _used[storage.Key] is var first && first.DType == storage.DType && first.Count == storage.Count
                ? offset
                : throw new CheckpointException($"{_path}: storage {Printable.Quote(storage.Key)} is described in two ways")
            : throw new CheckpointException($"{_path}: there is no storage {Printable.Quote(storage.Key)}");

    private object? Next(MappedFile file, AllocationBudget budget, ref long position)
    {
        var length = (int)Math.Min(file.Length - position, PickleMachine.Longest);
        var value = PickleMachine.Run(_path, file.Span(position, length), budget, out var read);
        position += read;
        return value;
    }

    // The list of keys does not say how wide elements are; the tensors do.
    private void CollectStorages(object? root, AllocationBudget budget)
    {
        new StateDictWalk(_path, budget).Tensors(root, tensor => _used.TryAdd(tensor.Storage.Key, tensor.Storage));
    }

    private void PlaceStorages(MappedFile file, object? keys, long position, AllocationBudget budget)
    {
        if (keys is not PickleList { Items: var list })
        {
            throw new CheckpointException($"{_path}: the list of storages is missing");
        }

        foreach (var item in list)
        {
            if (item is not string key || !_used.TryGetValue(key, out var storage))
            {
                throw new CheckpointException(
                    $"{_path}: it has a storage {(item is string text ? Printable.Quote(text) : "without a name")} that no tensor uses, so its length is unknown");
            }

            var available = file.Length - position - sizeof(long);
            var count = available < 0 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(file.Span(position, sizeof(long)));
            if (count != storage.Count || available / storage.ElementSize < count)
            {
                throw new CheckpointException(
                    $"{_path}: storage {Printable.Quote(key)} should have {storage.Count} elements at byte {position}; the file has {file.Length} bytes and says {count}");
            }

            position += sizeof(long);
            budget.Charge(64);
            if (!_offsets.TryAdd(key, position))
            {
                throw new CheckpointException($"{_path}: storage {Printable.Quote(key)} is listed twice");
            }

            position += count * storage.ElementSize;
        }
    }
}
