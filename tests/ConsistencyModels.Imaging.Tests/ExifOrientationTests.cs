using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

public sealed class ExifOrientationTests
{
    // From the EXIF table "the 0th row is at the visual ..., the 0th column at the visual ...":
    // where the stored top left and top right corners have to appear.
    [Theory]
    [InlineData(1, "TL", "TR")]
    [InlineData(2, "TR", "TL")]
    [InlineData(3, "BR", "BL")]
    [InlineData(4, "BL", "BR")]
    [InlineData(5, "TL", "BL")]
    [InlineData(6, "TR", "BR")]
    [InlineData(7, "BR", "TR")]
    [InlineData(8, "BL", "TL")]
    public void Jpegs_are_shown_as_their_exif_tag_says(byte orientation, string storedTopLeft, string storedTopRight)
    {
        ImageBuffer stored = TestImages.Solid(32, 16, 0);
        Paint(stored, 0, 255);
        Paint(stored, 24, 128);
        byte[] jpeg = WithOrientation(ImageEncoder.Encode(stored, new() { Format = ImageFormat.Jpeg, Quality = 100 }), orientation);

        ImageBuffer shown = ImageDecoder.Decode(jpeg, "turned.jpg", new() { Channels = 1 });
        Assert.Equal(orientation >= 5 ? (16, 32) : (32, 16), (shown.Width, shown.Height));
        EncodedImageInfo info = ImageDecoder.ReadInfo(jpeg, "turned.jpg");
        Assert.Equal((shown.Width, shown.Height), (info.Width, info.Height));
        foreach (string corner in new[] { "TL", "TR", "BL", "BR" })
        {
            int expected = corner == storedTopLeft ? 255 : corner == storedTopRight ? 128 : 0;
            int x = corner[1] == 'L' ? 2 : shown.Width - 3;
            int y = corner[0] == 'T' ? 2 : shown.Height - 3;
            Assert.InRange(shown.Pixel(x, y)[0], expected - 8, expected + 8);
        }
    }

    [Theory]
    [InlineData(true, 6, "TR", "BR")]
    [InlineData(false, 6, "TR", "BR")]
    [InlineData(false, 2, "TR", "TL")]
    [InlineData(true, 8, "BL", "TL")]
    public void Pngs_are_shown_as_their_exif_chunk_says(bool first, byte orientation, string storedTopLeft, string storedTopRight)
    {
        ImageBuffer stored = TestImages.Solid(32, 16, 0);
        Paint(stored, 0, 255);
        Paint(stored, 24, 128);
        byte[] png = WithExifChunk(ImageEncoder.Encode(stored), Tags(first, 0x0112, 3, orientation), first);
        ImageBuffer shown = ImageDecoder.Decode(png, "turned.png", new() { Channels = 1 });
        EncodedImageInfo info = ImageDecoder.ReadInfo(png, "turned.png");
        Assert.Equal(orientation >= 5 ? (16, 32) : (32, 16), (shown.Width, shown.Height));
        Assert.Equal((shown.Width, shown.Height), (info.Width, info.Height));
        foreach (string corner in new[] { "TL", "TR", "BL", "BR" })
        {
            int expected = corner == storedTopLeft ? 255 : corner == storedTopRight ? 128 : 0;
            Assert.Equal(expected, shown.Pixel(corner[1] == 'L' ? 2 : shown.Width - 3, corner[0] == 'T' ? 2 : shown.Height - 3)[0]);
        }
    }

    [Theory]
    [InlineData(0x0112, 3, 9)] // no such orientation
    [InlineData(0x0112, 4, 6)] // another type
    [InlineData(0x0113, 3, 6)] // another tag
    public void Exif_that_makes_no_sense_turns_nothing(int tag, int type, byte value)
    {
        byte[] png = ImageEncoder.Encode(TestImages.Solid(32, 16, 0));
        byte[] tags = Tags(big: true, tag, type, value);
        Assert.Equal(32, ImageDecoder.Decode(WithExifChunk(png, tags, first: true), "odd.png").Width);

        // Cut anywhere, and with every byte changed.
        tags = Tags(big: true, 0x0112, 3, 6);
        for (int i = 0; i < tags.Length; i++)
        {
            Assert.InRange(PngOrientation.Of(WithExifChunk(png, tags[..i], first: true)), 1, 8);
            byte[] changed = [.. tags];
            changed[i] ^= 0xff;
            Assert.InRange(PngOrientation.Of(WithExifChunk(png, changed, first: true)), 1, 8);
        }

        byte[] whole = WithExifChunk(png, tags, first: false);
        for (int i = 0; i < whole.Length; i++)
        {
            Assert.InRange(PngOrientation.Of(whole.AsSpan(0, i)), 1, 8);
        }
    }

    private static byte[] Tags(bool big, int tag, int type, byte value)
    {
        byte[] Word(int number) => big ? [(byte)(number >> 8), (byte)number] : [(byte)number, (byte)(number >> 8)];
        byte[] Long(int number) => big ? [0, 0, .. Word(number)] : [.. Word(number), 0, 0];
        return [.. big ? "MM\0*"u8 : "II*\0"u8, .. Long(8), .. Word(1), .. Word(tag), .. Word(type), .. Long(1), .. Word(value), 0, 0, .. Long(0)];
    }

    // Right after the header, or before the end: the chunk may be on either side of the pixels.
    private static byte[] WithExifChunk(byte[] png, byte[] tags, bool first)
    {
        const int headerEnd = 33, end = 12;
        byte[] body = [.. "eXIf"u8, .. tags];
        byte[] chunk = [0, 0, 0, (byte)tags.Length, .. body, .. System.IO.Hashing.Crc32.Hash(body).Reverse()];
        int at = first ? headerEnd : png.Length - end;
        return [.. png[..at], .. chunk, .. png[at..]];
    }

    private static void Paint(ImageBuffer image, int left, byte value)
    {
        for (int y = 0; y < 8; y++)
        {
            image.Row(y).Slice(left, 8).Fill(value);
        }
    }

    private static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        // An APP1 segment of one big-endian IFD with the one tag 0x0112, a SHORT.
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8,
            .. "MM\0*"u8, 0, 0, 0, 8, 0, 1,
            0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0,
            0, 0, 0, 0,
        ];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }
}
