namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>The header of a page (parquet-format, <c>PageHeader</c>).</summary>
/// <param name="Kind">What the page holds.</param>
/// <param name="Unpacked">Bytes once unpacked.</param>
/// <param name="Packed">Bytes in the file after the header.</param>
/// <param name="Values">How many values, those that are not there included.</param>
/// <param name="Encoding">How they are written.</param>
/// <param name="DefinitionBytes">For the second version of data pages: bytes of levels, which come first and are never packed.</param>
/// <param name="RepetitionBytes">As before.</param>
/// <param name="IsPacked">For the second version: whether the values are packed.</param>
internal sealed record ParquetPage(
    PageKind Kind, int Unpacked, int Packed, int Values, PageEncoding Encoding, int DefinitionBytes, int RepetitionBytes, bool IsPacked)
{
    /// <summary>Reads a header from the beginning of some bytes; gives how long it is.</summary>
    public static ParquetPage Parse(ReadOnlySpan<byte> bytes, out int length)
    {
        ThriftReader reader = new(bytes);
        ParquetPage page = new((PageKind)(-1), -1, -1, 0, (PageEncoding)(-1), 0, 0, true);
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            switch ((id, type))
            {
                case (1, ThriftType.Int32):
                    page = page with { Kind = (PageKind)reader.Int32() };
                    break;
                case (2, ThriftType.Int32):
                    page = page with { Unpacked = reader.Int32() };
                    break;
                case (3, ThriftType.Int32):
                    page = page with { Packed = reader.Int32() };
                    break;
                case (5 or 7, ThriftType.Struct):
                    page = page.ReadValues(ref reader, encodingField: 2);
                    break;
                case (8, ThriftType.Struct):
                    page = page.ReadValues(ref reader, encodingField: 4);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        length = reader.Position;
        return page;
    }

    private ParquetPage ReadValues(ref ThriftReader reader, int encodingField)
    {
        ParquetPage page = this;
        bool second = encodingField == 4;
        for (int id = 0; reader.Field(ref id, out ThriftType type);)
        {
            if (id == 7 && second && type is ThriftType.True or ThriftType.False)
            {
                page = page with { IsPacked = type == ThriftType.True };
            }
            else if (type != ThriftType.Int32)
            {
                reader.Skip(type);
            }
            else if (reader.Int32() is var value)
            {
                page = id == 1 ? page with { Values = value }
                    : id == encodingField ? page with { Encoding = (PageEncoding)value }
                    : id == 5 && second ? page with { DefinitionBytes = value }
                    : id == 6 && second ? page with { RepetitionBytes = value }
                    : page;
            }
        }

        return page;
    }
}

/// <summary>What a page holds; the numbers of the format.</summary>
internal enum PageKind
{
    Data = 0,
    Index = 1,
    Dictionary = 2,
    DataV2 = 3,
}

/// <summary>How values are written; the numbers of the format.</summary>
internal enum PageEncoding
{
    Plain = 0,
    PlainDictionary = 2,
    RunLength = 3,
    RunLengthDictionary = 8,
}
