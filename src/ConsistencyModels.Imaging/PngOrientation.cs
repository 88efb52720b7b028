using System.Buffers.Binary;

namespace ConsistencyModels.Imaging;

/// <summary>
/// The orientation in a PNG file's <c>eXIf</c> chunk (PNG, third edition, 11.3.4.5), which Skia does not look at. The chunk holds what a JPEG's
/// APP1 segment does: a TIFF header and a list of tags. Nothing in it is taken on trust.
/// </summary>
internal static class PngOrientation
{
    private const int AsStored = 1;
    private const int ChunkFrame = 12; // length, type, checksum
    private const ushort Tag = 0x0112;
    private const ushort Short = 3;
    private const int EntryLength = 12;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>1 to 8; 1 where the file is no PNG, says nothing, or nothing that is understood.</summary>
    public static int Of(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(Signature))
        {
            return AsStored;
        }

        for (file = file[Signature.Length..]; file.Length >= ChunkFrame;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file);
            if (length > file.Length - ChunkFrame)
            {
                break;
            }

            if (file.Slice(4, 4).SequenceEqual("eXIf"u8))
            {
                return OfTags(file.Slice(8, (int)length));
            }

            file = file[(ChunkFrame + (int)length)..];
        }

        return AsStored;
    }

    private static int OfTags(ReadOnlySpan<byte> tiff)
    {
        bool big = tiff.StartsWith("MM\0*"u8);
        if (tiff.Length < 8 || !(big || tiff.StartsWith("II*\0"u8)))
        {
            return AsStored;
        }

        uint first = big ? BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]);
        if (first > tiff.Length - 2)
        {
            return AsStored;
        }

        ReadOnlySpan<byte> tags = tiff[(int)first..];
        int count = Word(tags, big);
        tags = tags[2..];
        for (; count > 0 && tags.Length >= EntryLength; count--, tags = tags[EntryLength..])
        {
            if (Word(tags, big) == Tag)
            {
                return Word(tags[2..], big) == Short && Word(tags[8..], big) is >= 1 and <= 8 and var orientation ? orientation : AsStored;
            }
        }

        return AsStored;
    }

    private static ushort Word(ReadOnlySpan<byte> bytes, bool big) =>
        big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
