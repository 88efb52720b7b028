using System.Buffers.Binary;
using ConsistencyModels.Data.Sources;
using ConsistencyModels.Files;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>
/// A parquet file, read page by page: what Hugging Face's files use of the format. Written here and not taken from a package, since files come from
/// outside: no size in them is believed before it has been compared with what is there. It can be compiled ahead of time.
/// </summary>
internal sealed class ParquetFile : IDisposable
{
    private const int LargestPage = 1 << 30;

    private readonly FileStream _stream;
    private readonly long _end;

    private ParquetFile(string path, FileStream stream, long end, ParquetMetadata metadata)
    {
        Path = path;
        _stream = stream;
        _end = end;
        Metadata = metadata;
    }

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    public string Path { get; }

    public ParquetMetadata Metadata { get; }

    /// <summary>Opens a file and reads its end.</summary>
    public static ParquetFile Open(string path) => Guard(path, () =>
    {
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16);
        try
        {
            byte[] tail = new byte[8];
            if (stream.Length < 12)
            {
                throw new InvalidDataException($"it has {stream.Length} bytes");
            }

            stream.Position = stream.Length - tail.Length;
            stream.ReadExactly(tail);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
            if (!tail.AsSpan(4).SequenceEqual(Magic) || length > stream.Length - 12)
            {
                byte[] start = new byte[Math.Min(stream.Length, WrongContent.Beginning)];
                stream.Position = 0;
                stream.ReadExactly(start);
                throw new InvalidDataException(WrongContent.Describe(start) is { } wrong ? $"it is {wrong}" : "its end is not that of a parquet file; it may be cut short");
            }

            byte[] footer = new byte[length];
            long end = stream.Length - tail.Length - length;
            stream.Position = end;
            stream.ReadExactly(footer);
            return new ParquetFile(path, stream, end, ParquetMetadata.Parse(footer));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    });

    /// <summary>The values of a column of byte strings in one row group, in the order of the rows; null where there is none.</summary>
    public IEnumerable<byte[]?> Bytes(ParquetLeaf leaf, ParquetGroup group)
    {
        foreach (ColumnPage page in Pages(leaf, group))
        {
            for (int i = 0; i < page.Count; i++)
            {
                yield return Guard(Path, () => page.NextBytes());
            }
        }
    }

    /// <summary>The values of a column of whole numbers in one row group; null where there is none.</summary>
    public IEnumerable<long?> Numbers(ParquetLeaf leaf, ParquetGroup group)
    {
        foreach (ColumnPage page in Pages(leaf, group))
        {
            for (int i = 0; i < page.Count; i++)
            {
                yield return Guard(Path, () => page.NextNumber());
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Runs something that reads, with the file's name on what goes wrong.</summary>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (ZipFiles.IsDamage(e))
        {
            throw new ConsistencyModelsException($"{path}: cannot be read as parquet: {Printable.Line(e.Message)}.", e);
        }
    }

    private IEnumerable<ColumnPage> Pages(ParquetLeaf leaf, ParquetGroup group)
    {
        if (!group.Chunks.TryGetValue(leaf.Path, out ParquetChunk? chunk) || chunk.Start < 4 || chunk.Packed < 0 || chunk.Start > _end - chunk.Packed)
        {
            throw new ConsistencyModelsException($"{Path}: a piece of the column '{Printable.Line(leaf.Path, 80)}' is missing or lies outside the file.");
        }

        long at = chunk.Start;
        long end = chunk.Start + chunk.Packed;
        long rows = 0;
        ColumnDictionary? dictionary = null;
        while (rows < group.Rows)
        {
            (ParquetPage header, byte[] bytes) = Guard(Path, () => ReadPage(ref at, end, chunk));
            if (header.Kind == PageKind.Dictionary)
            {
                dictionary = Guard(Path, () => ColumnDictionary.Read(leaf.Type, header, bytes));
            }
            else if (header.Kind is PageKind.Data or PageKind.DataV2)
            {
                ColumnPage page = Guard(Path, () => ColumnPage.Read(leaf, header, bytes, dictionary, group.Rows - rows));
                rows += page.Count;
                yield return page;
            }
        }
    }

    private (ParquetPage Header, byte[] Bytes) ReadPage(ref long at, long end, ParquetChunk chunk)
    {
        ParquetPage header = ReadHeader(ref at, end);
        int levels = header.Kind == PageKind.DataV2 ? checked(header.DefinitionBytes + header.RepetitionBytes) : 0;
        if (header.Packed < 0 || header.Packed > end - at || header.Unpacked is < 0 or > LargestPage || header.DefinitionBytes < 0 || header.RepetitionBytes < 0
            || levels > header.Packed || levels > header.Unpacked)
        {
            throw new InvalidDataException($"a page says it has {header.Packed} bytes, and {header.Unpacked} unpacked; {end - at} are left of its column");
        }

        byte[] packed = new byte[header.Packed];
        _stream.Position = at;
        _stream.ReadExactly(packed);
        at += header.Packed;
        if (header.Kind == PageKind.Index || (header.Kind == PageKind.DataV2 && !header.IsPacked))
        {
            return (header, packed);
        }

        return (header, levels == 0
            ? Packing.Unpack(chunk.Codec, packed, header.Unpacked)
            : [.. packed.AsSpan(0, levels), .. Packing.Unpack(chunk.Codec, packed[levels..], header.Unpacked - levels)]);
    }

    private ParquetPage ReadHeader(ref long at, long end)
    {
        // A header says how long it is only by being read. It is a few bytes, or some more with the smallest and largest value of the page.
        for (int window = 1 << 10; ; window *= 32)
        {
            byte[] bytes = new byte[Math.Min(window, end - at)];
            _stream.Position = at;
            _stream.ReadExactly(bytes);
            try
            {
                ParquetPage header = ParquetPage.Parse(bytes, out int length);
                at += length;
                return header;
            }
            catch (EndOfStreamException) when (bytes.Length == window && window < LargestPage / 32)
            {
                // Once more with more of it.
            }
        }
    }
}
