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
