using System.Buffers.Binary;
using System.IO.Hashing;

namespace ConsistencyModels.Cpu.Caching;

/// <summary>
/// The first page of a file of packed weights: magic, version, key, length and hash of the data that follow, and a hash of all this.
/// Little-endian.
/// </summary>
/// <param name="Key">Of what the data were made.</param>
/// <param name="Length">Bytes of data.</param>
/// <param name="DataHash"><see cref="BlockHash"/> of the data.</param>
internal readonly record struct PackedHeader(UInt128 Key, long Length, UInt128 DataHash)
{
    /// <summary>Bytes before the data: a page, so that data are aligned in a mapping.</summary>
    public const int Size = 4096;

    /// <summary>Of this format, and of how weights are packed: whoever changes one of them counts up.</summary>
    public const int Version = 1;

    private const int Used = 64;

    private static ReadOnlySpan<byte> Magic => "CM\u0001PACKD"u8;

    /// <summary>Writes the page.</summary>
    public byte[] ToBytes()
    {
        var page = new byte[Size];
        Magic.CopyTo(page);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt128LittleEndian(page.AsSpan(16), Key);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(32), Length);
        BinaryPrimitives.WriteUInt128LittleEndian(page.AsSpan(48), DataHash);
        BinaryPrimitives.WriteUInt128LittleEndian(page.AsSpan(Used), XxHash128.HashToUInt128(page.AsSpan(0, Used)));
        return page;
    }

    /// <summary>Reads the page; null if it is not one of this version, or damaged.</summary>
    public static PackedHeader? Parse(ReadOnlySpan<byte> page) =>
        page.Length == Size
        && page.StartsWith(Magic)
        && BinaryPrimitives.ReadInt32LittleEndian(page[8..]) == Version
        && BinaryPrimitives.ReadUInt128LittleEndian(page[Used..]) == XxHash128.HashToUInt128(page[..Used])
            ? new PackedHeader(
                BinaryPrimitives.ReadUInt128LittleEndian(page[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(page[32..]),
                BinaryPrimitives.ReadUInt128LittleEndian(page[48..]))
            : null;
}
