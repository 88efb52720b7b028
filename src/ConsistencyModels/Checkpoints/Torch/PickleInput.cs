using System.Buffers.Binary;
using System.Text;
using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>Reads a pickle's bytes in order and never beyond their end.</summary>
internal ref struct PickleInput(string path, ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public byte Byte() => Take(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>The next bytes; a length beyond the end is refused before anything is allocated.</summary>
    public ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_data.Length - Position))
        {
            throw new CheckpointException($"{path}: the pickle ends too early: byte {Position} asks for {count} more, there are {_data.Length - Position}");
        }

        var bytes = _data.Slice(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    /// <summary>The bytes up to the next line feed, which is consumed.</summary>
    public ReadOnlySpan<byte> Line(int longest)
    {
        var rest = _data[Position..];
        var length = rest[..Math.Min(rest.Length, longest)].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw new CheckpointException($"{path}: the pickle has an unfinished line at byte {Position}");
        }

        Position += length + 1;
        return rest[..length];
    }

    public readonly string Utf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException($"{path}: the pickle has a string before byte {Position} that is not UTF-8", e);
        }
    }
}
