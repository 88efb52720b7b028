using System.Buffers.Binary;
using System.Text;

namespace ConsistencyModels.Imaging;

/// <summary>The chunk layer of a PNG file: an 8-byte signature, then length, type, data and CRC of each chunk.</summary>
internal static class PngChunks
{
    /// <summary>Length, type and CRC.</summary>
    public const int Overhead = 12;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The chunks up to IEND, as type and range of the data.</summary>
    /// <exception cref="ConsistencyModelsException">There is no PNG signature, or a chunk reaches past the end.</exception>
    public static List<(string Type, Range Data)> Walk(ReadOnlySpan<byte> png, string name)
    {
        if (!png.StartsWith(Signature))
        {
            throw new ConsistencyModelsException($"{name}: not a PNG file; the signature is missing.");
        }

        List<(string, Range)> chunks = [];
        int at = Signature.Length;
        while (png.Length - at >= Overhead)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            string type = Encoding.Latin1.GetString(png.Slice(at + 4, 4));
            if (length > png.Length - at - Overhead)
            {
                throw new ConsistencyModelsException(
                    $"{name}: the file is cut short; a chunk at byte {at} says {length} bytes, {png.Length - at - Overhead} are left.");
            }

            int data = at + 8;
            chunks.Add((type, data..(data + (int)length)));
            at += Overhead + (int)length;
            if (type == "IEND")
            {
                return chunks;
            }
        }

        throw new ConsistencyModelsException($"{name}: the file is cut short; it ends without an IEND chunk.");
    }

    /// <summary>Whether the CRC behind the data fits the type and the data.</summary>
    public static bool HasValidCrc(ReadOnlySpan<byte> png, Range data)
    {
        (int start, int length) = data.GetOffsetAndLength(png.Length);
        return Crc32.Compute(png.Slice(start - 4, length + 4)) == BinaryPrimitives.ReadUInt32BigEndian(png[(start + length)..]);
    }

    public static void Write(Stream stream, string type, ReadOnlySpan<byte> data)
    {
        byte[] body = new byte[4 + data.Length];
        Encoding.Latin1.GetBytes(type, body);
        data.CopyTo(body.AsSpan(4));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(body));
        stream.Write(number);
    }
}
