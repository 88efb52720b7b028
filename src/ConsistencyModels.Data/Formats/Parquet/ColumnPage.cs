using System.Buffers.Binary;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>The values of a page, one a row, read one after another.</summary>
internal sealed class ColumnPage
{
    private readonly ParquetType _type;
    private readonly byte[] _bytes;
    private readonly bool[]? _missing;
    private readonly int[]? _places;
    private readonly ColumnDictionary? _dictionary;
    private int _row;
    private int _value;
    private int _at;

    private ColumnPage(ParquetType type, byte[] bytes, int at, int count, bool[]? missing, int[]? places, ColumnDictionary? dictionary)
    {
        _type = type;
        _bytes = bytes;
        _at = at;
        Count = count;
        _missing = missing;
        _places = places;
        _dictionary = dictionary;
    }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <summary>Makes sense of a page's bytes.</summary>
    public static ColumnPage Read(ParquetLeaf leaf, ParquetPage header, byte[] bytes, ColumnDictionary? dictionary, long rowsLeft)
    {
        if (leaf.Repetition != 0)
        {
            throw new InvalidDataException($"the column '{leaf.Path}' has several values a row");
        }

        if (header.Values < 1 || header.Values > rowsLeft)
        {
            throw new InvalidDataException($"a page says it has {header.Values} values; {rowsLeft} are left of its rows");
        }

        int at = header.Kind == PageKind.DataV2 ? header.RepetitionBytes : 0;
        bool[]? missing = null;
        int there = header.Values;
        if (leaf.Definition > 0)
        {
            int length = header.Kind == PageKind.DataV2 ? header.DefinitionBytes : Length(bytes, ref at);
            int[] levels = new int[header.Values];
            RunLengths.Read(bytes.AsSpan(at, length), 32 - int.LeadingZeroCount(leaf.Definition), levels);
            at += length;
            missing = [.. levels.Select(level => level != leaf.Definition)];
            there = missing.Count(gone => !gone);
        }

        if (header.Encoding == PageEncoding.Plain)
        {
            return new(leaf.Type, bytes, at, header.Values, missing, null, null);
        }

        if (header.Encoding is not (PageEncoding.PlainDictionary or PageEncoding.RunLengthDictionary) || dictionary is null)
        {
            throw new InvalidDataException($"the column '{leaf.Path}' is written with the encoding {(int)header.Encoding}, which is not supported here; expected plain or a dictionary");
        }

        int[] places = new int[there];
        if (there > 0)
        {
            int width = at < bytes.Length ? bytes[at++] : throw CutShort();
            RunLengths.Read(bytes.AsSpan(at), width, places);
        }

        return new(leaf.Type, bytes, at, header.Values, missing, places, dictionary);
    }

    /// <summary>The next row's byte string; null where there is none.</summary>
    public byte[]? NextBytes()
    {
        if (IsMissing())
        {
            return null;
        }

        return _places is null ? PlainBytes(_bytes, ref _at).ToArray() : _dictionary!.Bytes(_places[_value++]).ToArray();
    }

    /// <summary>The next row's number; null where there is none.</summary>
    public long? NextNumber()
    {
        if (IsMissing())
        {
            return null;
        }

        return _places is null ? PlainNumber(_type, _bytes, ref _at) : _dictionary!.Number(_places[_value++]);
    }

    public static ReadOnlySpan<byte> PlainBytes(byte[] bytes, scoped ref int at)
    {
        int length = Length(bytes, ref at);
        at += length;
        return bytes.AsSpan(at - length, length);
    }

    public static long PlainNumber(ParquetType type, byte[] bytes, ref int at)
    {
        int size = type == ParquetType.Int32 ? 4 : 8;
        if (size > bytes.Length - at)
        {
            throw CutShort();
        }

        at += size;
        return size == 4 ? BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at - 4)) : BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at - 8));
    }

    private static int Length(byte[] bytes, scoped ref int at)
    {
        if (bytes.Length - at < 4)
        {
            throw CutShort();
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
        at += 4;
        return length <= (uint)(bytes.Length - at) ? (int)length : throw CutShort();
    }

    private static InvalidDataException CutShort() => new("the values of a page are cut short");

    private bool IsMissing() => _missing is not null && _missing[_row++];
}

/// <summary>The values that the pages of a piece of a column name by number.</summary>
internal sealed class ColumnDictionary
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly ParquetType _type;

    private ColumnDictionary(ParquetType type, byte[] bytes, int[] starts)
    {
        _type = type;
        _bytes = bytes;
        _starts = starts;
    }

    public static ColumnDictionary Read(ParquetType type, ParquetPage header, byte[] bytes)
    {
        // Every value takes four bytes at least.
        if (header.Values < 0 || header.Values > bytes.Length / 4 || header.Encoding is not (PageEncoding.Plain or PageEncoding.PlainDictionary))
        {
            throw new InvalidDataException($"a dictionary says it has {header.Values} values in {bytes.Length} bytes, in the encoding {(int)header.Encoding}");
        }

        int[] starts = new int[header.Values];
        int at = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            if (type == ParquetType.ByteArray)
            {
                ColumnPage.PlainBytes(bytes, ref at);
            }
            else
            {
                ColumnPage.PlainNumber(type, bytes, ref at);
            }
        }

        return new(type, bytes, starts);
    }

    public ReadOnlySpan<byte> Bytes(int place)
    {
        int at = Start(place);
        return ColumnPage.PlainBytes(_bytes, ref at);
    }

    public long Number(int place)
    {
        int at = Start(place);
        return ColumnPage.PlainNumber(_type, _bytes, ref at);
    }

    private int Start(int place) =>
        (uint)place < (uint)_starts.Length ? _starts[place] : throw new InvalidDataException($"a page names value {place} of a dictionary of {_starts.Length}");
}
