using System.Text;

namespace ConsistencyModels.Data.Formats.Parquet;

/// <summary>
/// Thrift's compact protocol, as far as parquet's headers need it. Whatever the bytes say, it stays inside them: a damaged header ends in an
/// <see cref="InvalidDataException"/>, and one that is cut short in an <see cref="EndOfStreamException"/>.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    private const int DeepestNesting = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Where the next byte is.</summary>
    public int Position { get; private set; }

    /// <summary>Begins the next field of a structure; false at its end.</summary>
    /// <param name="id">The number of the field; on entry that of the one before, 0 for none.</param>
    /// <param name="type">Its type.</param>
    public bool Field(scoped ref int id, out ThriftType type)
    {
        byte header = Byte();
        type = (ThriftType)(header & 15);
        if (header == 0)
        {
            return false;
        }

        id = header >> 4 is var step and not 0 ? id + step : (int)Integer();
        return true;
    }

    /// <summary>Begins a list: how many elements of which type.</summary>
    public int List(out ThriftType type)
    {
        byte header = Byte();
        type = (ThriftType)(header & 15);
        ulong count = header >> 4 is var few and not 15 ? (ulong)few : Unsigned();

        // Every element takes a byte at least.
        return count <= (ulong)(_bytes.Length - Position) ? (int)count : throw new EndOfStreamException("a list is longer than the header");
    }

    public long Integer() => Unsigned() is var value && (value & 1) == 0 ? (long)(value >> 1) : ~(long)(value >> 1);

    public int Int32() => Integer() is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw new InvalidDataException("a number is too large");

    public ReadOnlySpan<byte> Binary()
    {
        ulong length = Unsigned();
        if (length > (ulong)(_bytes.Length - Position))
        {
            throw new EndOfStreamException("a text is longer than the header");
        }

        ReadOnlySpan<byte> value = _bytes.Slice(Position, (int)length);
        Position += (int)length;
        return value;
    }

    public string Text() => Encoding.UTF8.GetString(Binary());

    /// <summary>Passes over a value.</summary>
    public void Skip(ThriftType type, int depth = 0)
    {
        if (depth > DeepestNesting)
        {
            throw new InvalidDataException("a header is nested too deeply");
        }

        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                break;
            case ThriftType.Byte:
                Byte();
                break;
            case ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64:
                Unsigned();
                break;
            case ThriftType.Double:
                Forward(8);
                break;
            case ThriftType.Binary:
                Binary();
                break;
            case ThriftType.List or ThriftType.Set:
                SkipList(depth);
                break;
            case ThriftType.Map:
                SkipMap(depth);
                break;
            case ThriftType.Struct:
                for (int id = 0; Field(ref id, out ThriftType field);)
                {
                    Skip(field, depth + 1);
                }

                break;
            default:
                throw new InvalidDataException($"a header has a value of the unknown type {(int)type}");
        }
    }

    private void SkipList(int depth)
    {
        for (int left = List(out ThriftType element); left > 0; left--)
        {
            SkipElement(element, depth);
        }
    }

    private void SkipMap(int depth)
    {
        ulong count = Unsigned();
        if (count > (ulong)(_bytes.Length - Position))
        {
            throw new EndOfStreamException("a map is longer than the header");
        }

        byte types = count == 0 ? (byte)0 : Byte();
        for (; count > 0; count--)
        {
            SkipElement((ThriftType)(types >> 4), depth);
            SkipElement((ThriftType)(types & 15), depth);
        }
    }

    // In a field the type is the value of a boolean; an element is a byte.
    private void SkipElement(ThriftType type, int depth)
    {
        if (type is ThriftType.True or ThriftType.False)
        {
            Byte();
        }
        else
        {
            Skip(type, depth + 1);
        }
    }

    private void Forward(int count)
    {
        if (count > _bytes.Length - Position)
        {
            throw new EndOfStreamException("a header is cut short");
        }

        Position += count;
    }

    private byte Byte()
    {
        Forward(1);
        return _bytes[Position - 1];
    }

    private ulong Unsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Byte();
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }

        throw new InvalidDataException("a number has too many bytes");
    }
}

/// <summary>The types of the compact protocol.</summary>
internal enum ThriftType
{
    True = 1,
    False,
    Byte,
    Int16,
    Int32,
    Int64,
    Double,
    Binary,
    List,
    Set,
    Map,
    Struct,
}
