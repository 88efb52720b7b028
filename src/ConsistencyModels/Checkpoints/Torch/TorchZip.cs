using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// The format of torch.save since PyTorch 1.6: a zip file with <c>NAME/data.pkl</c> and one entry a storage,
/// <c>NAME/data/KEY</c>. <c>NAME/byteorder</c> (since 2.1) says whether the storages are little- or big-endian.
/// </summary>
internal sealed class TorchZip : ITorchStorages
{
    private const string Pickle = "data.pkl";

    private readonly string _path;
    private readonly ZipDirectory _zip;
    private readonly string _prefix;

    private TorchZip(MappedFile file, ZipDirectory zip, string prefix, AllocationBudget budget)
    {
        _path = file.Path;
        _zip = zip;
        _prefix = prefix;
        BigEndian = ReadByteOrder(file);
        zip.TryLocate(prefix + Pickle, out var offset, out var length);
        if (length > PickleMachine.Longest)
        {
            throw new CheckpointException($"{_path}: the pickle has {length} bytes, expected at most {PickleMachine.Longest}");
        }

        Root = PickleMachine.Run(_path, file.Span(offset, (int)length), budget, out _);
    }

    /// <inheritdoc/>
    public object? Root { get; }

    /// <inheritdoc/>
    public bool BigEndian { get; }

    public static TorchZip Open(MappedFile file, AllocationBudget budget)
    {
        var zip = ZipDirectory.Open(file, budget);
        var pickles = zip.Names.Where(name => name == Pickle || name.EndsWith("/" + Pickle, StringComparison.Ordinal)).Take(2).ToArray();
        if (pickles.Length != 1)
        {
            throw new CheckpointException(
                $"{file.Path}: not a torch file: a zip file with {(pickles.Length == 0 ? "no entry" : "several entries")} {Pickle}, expected one");
        }

        var prefix = pickles[0][..^Pickle.Length];
        return zip.Names.Contains(prefix + "constants.pkl")
            ? throw new CheckpointException($"{file.Path}: a TorchScript program, expected a state dict saved with torch.save")
            : new TorchZip(file, zip, prefix, budget);
    }

    /// <inheritdoc/>
    public long Locate(TorchStorage storage)
    {
        if (!_zip.TryLocate($"{_prefix}data/{storage.Key}", out var offset, out var length))
        {
            throw new CheckpointException($"{_path}: there is no storage {Printable.Quote(storage.Key)}");
        }

        return length / storage.ElementSize >= storage.Count
            ? offset
            : throw new CheckpointException(
                $"{_path}: storage {Printable.Quote(storage.Key)} has {length} bytes, expected {storage.Count} elements of {storage.ElementSize}");
    }

    private bool ReadByteOrder(MappedFile file)
    {
        if (!_zip.TryLocate(_prefix + "byteorder", out var offset, out var length))
        {
            return false;
        }

        var order = file.Span(offset, (int)Math.Min(length, 16));
        return order.SequenceEqual("big"u8)
            || (order.SequenceEqual("little"u8) ? false : throw new CheckpointException($"{_path}: its byteorder is neither little nor big"));
    }
}
