using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using ConsistencyModels.Files;
using Microsoft.Win32.SafeHandles;

namespace ConsistencyModels.Data.Storage;

/// <summary>
/// Records in a file: a header, the records one after another, and a table of where each is with its hash. It is read in pieces,
/// not mapped: a file that somebody cuts short then gives an error and not the end of the process, and what was read does not stay in
/// resident memory. A record is checked each time it is read.
/// </summary>
internal sealed class RecordFile : IRecords
{
    public const int HeaderLength = 64;
    public const int EntryLength = 20;

    public static ReadOnlySpan<byte> Magic => "CMDATA01"u8;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly byte[] _table;

    private RecordFile(string path, SafeFileHandle file, byte[] table, IReadOnlyList<string> skipped)
    {
        _path = path;
        _file = file;
        _table = table;
        Skipped = skipped;
    }

    /// <summary>Why records are missing, a line each.</summary>
    public IReadOnlyList<string> Skipped { get; }

    /// <summary>Opens a file; null where there is none, or it is damaged or of something else.</summary>
    public static RecordFile? TryOpen(string path, ReadOnlySpan<byte> key, int count)
    {
        SafeFileHandle? file = null;
        RecordFile? opened = null;
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
            return opened = Parse(path, file, key, count);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return null;
        }
        finally
        {
            if (opened is null)
            {
                file?.Dispose();
            }
        }
    }

    public bool Has(int index) => LengthOf(index) >= 0;

    public ReadOnlySpan<byte> Read(int index, ref byte[] buffer)
    {
        Span<byte> record = Room(ref buffer, LengthOf(index));
        ReadOnlySpan<byte> entry = _table.AsSpan(index * EntryLength, EntryLength);
        bool whole = ReadAt(_file, BinaryPrimitives.ReadInt64LittleEndian(entry), record);
        if (whole && XxHash3.HashToUInt64(record) == BinaryPrimitives.ReadUInt64LittleEndian(entry[12..]))
        {
            return record;
        }

        DecodedCache.TryDelete(_path);
        throw new ConsistencyModelsException($"{_path}: decoded data are damaged; the file was removed, and is made anew the next time.");
    }

    public void Dispose() => _file.Dispose();

    private static RecordFile? Parse(string path, SafeFileHandle file, ReadOnlySpan<byte> key, int count)
    {
        byte[] header = new byte[HeaderLength];
        long length = RandomAccess.GetLength(file);
        if (!ReadAt(file, 0, header) || !header.AsSpan().StartsWith(Magic) || !header.AsSpan(8, 32).SequenceEqual(key))
        {
            return null;
        }

        long start = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(40));
        long tail = length - start;
        if (start < HeaderLength || tail < (long)count * EntryLength || tail > Array.MaxLength)
        {
            return null;
        }

        byte[] trailer = new byte[tail];
        if (!ReadAt(file, start, trailer) || XxHash3.HashToUInt64(trailer) != BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(48)))
        {
            return null;
        }

        for (int at = 0; at < count * EntryLength; at += EntryLength)
        {
            long offset = BinaryPrimitives.ReadInt64LittleEndian(trailer.AsSpan(at));
            int size = BinaryPrimitives.ReadInt32LittleEndian(trailer.AsSpan(at + 8));
            if (size >= 0 && (offset < HeaderLength || offset > start - size))
            {
                return null;
            }
        }

        string skipped = Encoding.UTF8.GetString(trailer.AsSpan(count * EntryLength));
        return new(path, file, trailer[..(count * EntryLength)], skipped.Length == 0 ? [] : skipped.Split('\n'));
    }

    private static bool ReadAt(SafeFileHandle file, long offset, Span<byte> destination)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = RandomAccess.Read(file, destination[done..], offset + done);
            if (read == 0)
            {
                return false;
            }

            done += read;
        }

        return true;
    }

    private static Span<byte> Room(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(length);
        }

        return buffer.AsSpan(0, length);
    }

    private int LengthOf(int index) => BinaryPrimitives.ReadInt32LittleEndian(_table.AsSpan((index * EntryLength) + 8));
}

/// <summary>Writes such a file.</summary>
internal sealed class RecordFileWriter : IRecordWriter
{
    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly byte[] _table;

    private RecordFileWriter(Stream stream, int count)
    {
        _stream = stream;
        _table = new byte[checked(count * RecordFile.EntryLength)];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_table.AsSpan((i * RecordFile.EntryLength) + 8), -1);
        }
    }

    /// <summary>Writes a whole file, or none.</summary>
    /// <param name="path">The file. Its folder is there.</param>
    /// <param name="key">32 bytes that say what it is of.</param>
    /// <param name="count">How many records it may have.</param>
    /// <param name="fill">Writes the records; gives a line for each that there is none of.</param>
    public static void Write(string path, ReadOnlyMemory<byte> key, int count, Func<IRecordWriter, IReadOnlyList<string>> fill) => AtomicFile.Write(path, stream =>
    {
        stream.Write(new byte[RecordFile.HeaderLength]);
        RecordFileWriter writer = new(stream, count);
        IReadOnlyList<string> skipped = fill(writer);
        byte[] trailer = [.. writer._table, .. Encoding.UTF8.GetBytes(string.Join('\n', skipped.Select(line => line.ReplaceLineEndings(" "))))];
        byte[] header = new byte[RecordFile.HeaderLength];
        RecordFile.Magic.CopyTo(header);
        key.Span.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), stream.Position);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), XxHash3.HashToUInt64(trailer));
        stream.Write(trailer);
        stream.Position = 0;
        stream.Write(header);
    });

    public void Append(int index, ReadOnlySpan<byte> record)
    {
        Span<byte> entry = _table.AsSpan(index * RecordFile.EntryLength, RecordFile.EntryLength);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[12..], XxHash3.HashToUInt64(record));
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], record.Length);
        lock (_gate)
        {
            BinaryPrimitives.WriteInt64LittleEndian(entry, _stream.Position);
            _stream.Write(record);
        }
    }
}
