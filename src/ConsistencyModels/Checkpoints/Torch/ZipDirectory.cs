using System.Buffers.Binary;
using System.Text;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// The entries of a zip file in a mapping, and where their bytes lie. System.IO.Compression gives streams of entries, never
/// their place in the file, and tensors are to be views of it. Only stored entries, as torch.save writes them; zip64 as well.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const uint CentralSignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int Locator64Length = 20;
    private const int End64Length = 56;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const int LongestComment = ushort.MaxValue;
    private const ushort Zip64Extra = 1;
    private const uint In64 = uint.MaxValue;
    private const int EntryCost = 160; // bytes a dictionary entry takes beside its name

    private readonly MappedFile _file;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(MappedFile file) => _file = file;

    /// <summary>The names of all entries.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Reads the central directory.</summary>
    /// <exception cref="CheckpointException">It is missing or malformed.</exception>
    public static ZipDirectory Open(MappedFile file, AllocationBudget budget)
    {
        var directory = new ZipDirectory(file);
        directory.Read(budget);
        return directory;
    }

    /// <summary>Where a stored entry's bytes lie; false if there is no such entry.</summary>
    /// <exception cref="CheckpointException">It is compressed, encrypted, or not where the directory says.</exception>
    public bool TryLocate(string name, out long offset, out long length)
    {
        offset = length = 0;
        if (!_entries.TryGetValue(name, out var entry))
        {
            return false;
        }

        if ((entry.Flags & 1) != 0 || entry.Method != 0 || entry.Packed != entry.Length)
        {
            throw Bad($"entry {Printable.Quote(name)} is compressed or encrypted, expected it stored, as torch.save writes it");
        }

        if (entry.Header > _file.Length - LocalLength)
        {
            throw Bad($"entry {Printable.Quote(name)} should be at byte {entry.Header}, the file has {_file.Length}");
        }

        Span<byte> header = stackalloc byte[LocalLength];
        _file.Read(entry.Header, header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LocalSignature)
        {
            throw Bad($"entry {Printable.Quote(name)} has no header at byte {entry.Header}");
        }

        // The local header has its own extra field: torch.save pads there, to align the data.
        offset = entry.Header + LocalLength
            + BinaryPrimitives.ReadUInt16LittleEndian(header[26..])
            + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        length = entry.Length;
        return offset <= _file.Length && length <= _file.Length - offset
            ? true
            : throw Bad($"entry {Printable.Quote(name)} has {length} bytes from byte {offset}, the file only {_file.Length}: it was cut short");
    }

    private void Read(AllocationBudget budget)
    {
        var (start, size, count) = FindDirectory();
        if (size > int.MaxValue || start > _file.Length - size)
        {
            throw Bad($"its directory should be {size} bytes at byte {start}, the file has {_file.Length}");
        }

        var rest = _file.Span(start, (int)size);
        for (var i = 0L; i < count; i++)
        {
            if (rest.Length < CentralLength || BinaryPrimitives.ReadUInt32LittleEndian(rest) != CentralSignature)
            {
                throw Bad($"its directory breaks off at entry {i} of {count}");
            }

            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
            var total = CentralLength + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
            if (rest.Length < total)
            {
                throw Bad($"its directory breaks off at entry {i} of {count}");
            }

            budget.Charge(EntryCost + (2 * nameLength));
            var name = Encoding.UTF8.GetString(rest.Slice(CentralLength, nameLength));
            if (!_entries.TryAdd(name, ReadEntry(name, rest, rest.Slice(CentralLength + nameLength, extraLength))))
            {
                throw Bad($"it has two entries {Printable.Quote(name)}");
            }

            rest = rest[total..];
        }
    }

    private (long Start, long Size, long Count) FindDirectory()
    {
        var tailLength = (int)Math.Min(_file.Length, EndLength + LongestComment);
        var tailStart = _file.Length - tailLength;
        var tail = _file.Span(tailStart, tailLength);
        for (var at = tailLength - EndLength; at >= 0; at--)
        {
            var end = tail[at..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != EndSignature
                || BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) != end.Length - EndLength)
            {
                continue;
            }

            return FindDirectory64(tailStart + at)
                ?? (BinaryPrimitives.ReadUInt32LittleEndian(end[16..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(end[12..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(end[10..]));
        }

        throw Bad("it is a zip file without its directory at the end: it was cut short");
    }

    private (long Start, long Size, long Count)? FindDirectory64(long end)
    {
        var at = end - Locator64Length;
        if (at < 0)
        {
            return null;
        }

        var locator = _file.Span(at, Locator64Length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != Locator64Signature)
        {
            return null;
        }

        var record = BinaryPrimitives.ReadInt64LittleEndian(locator[8..]);
        if (record < 0 || record > _file.Length - End64Length)
        {
            throw Bad($"its zip64 directory should end at byte {record}, the file has {_file.Length}");
        }

        var end64 = _file.Span(record, End64Length);
        var (start, size, count) = (
            BinaryPrimitives.ReadInt64LittleEndian(end64[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(end64[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(end64[32..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(end64) == End64Signature && start >= 0 && size >= 0 && count >= 0
            ? (start, size, count)
            : throw Bad("its zip64 directory is malformed");
    }

    private Entry ReadEntry(string name, ReadOnlySpan<byte> central, ReadOnlySpan<byte> extra)
    {
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(central[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(central[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(central[42..]);
        if (packed == In64 || length == In64 || header == In64)
        {
            // The 64-bit field holds, in this order, only those numbers that do not fit into 32 bits.
            var wide = FindExtra(extra);
            length = Widen(name, length, ref wide);
            packed = Widen(name, packed, ref wide);
            header = Widen(name, header, ref wide);
        }

        return new Entry(
            BinaryPrimitives.ReadUInt16LittleEndian(central[8..]), BinaryPrimitives.ReadUInt16LittleEndian(central[10..]), packed, length, header);
    }

    private static ReadOnlySpan<byte> FindExtra(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            var size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == Zip64Extra)
            {
                return extra.Slice(4, size);
            }

            extra = extra[(4 + size)..];
        }

        return [];
    }

    private long Widen(string name, long value, ref ReadOnlySpan<byte> wide)
    {
        if (value != In64)
        {
            return value;
        }

        var full = wide.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(wide);
        if (full < 0)
        {
            throw Bad($"entry {Printable.Quote(name)} has no valid zip64 field");
        }

        wide = wide[8..];
        return full;
    }

    private CheckpointException Bad(string what) => new($"{_file.Path}: {what}");

    private sealed record Entry(int Flags, int Method, long Packed, long Length, long Header);
}
