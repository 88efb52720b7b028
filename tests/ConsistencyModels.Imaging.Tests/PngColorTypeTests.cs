using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

/// <summary>The exact bytes of every PNG colour type.</summary>
public sealed class PngColorTypeTests
{
    private static readonly DecodeOptions Gray = new() { Channels = 1 };
    private static readonly DecodeOptions Rgba = new() { Channels = 4 };

    [Fact]
    public void Rgb_bytes_come_through_unchanged()
    {
        byte[] row = [0, 1, 2, 127, 128, 129, 253, 254, 255];
        ImageBuffer image = Decode(RawPng.Make(3, 1, 8, RawPng.Rgb, [row]));
        Assert.Equal((3, 1, 3), (image.Width, image.Height, image.Channels));
        Assert.Equal(row, image.Pixels);
    }

    [Fact]
    public void Every_gray_level_comes_through_unchanged()
    {
        byte[] row = [.. Enumerable.Range(0, 256).Select(v => (byte)v)];
        byte[] png = RawPng.Make(256, 1, 8, RawPng.Gray, [row]);
        Assert.Equal(row, Decode(png, Gray).Pixels);
        Assert.Equal([.. row.SelectMany(v => new[] { v, v, v })], Decode(png).Pixels);
    }

    [Theory]
    [InlineData(1, new byte[] { 0b0100_0000 }, new byte[] { 0, 255 })]
    [InlineData(2, new byte[] { 0b0110_0000 }, new byte[] { 85, 170 })]
    [InlineData(4, new byte[] { 0x3C }, new byte[] { 51, 204 })]
    public void Gray_of_few_bits_is_spread_over_the_whole_range(byte depth, byte[] row, byte[] expected) =>
        Assert.Equal(expected, Decode(RawPng.Make(2, 1, depth, RawPng.Gray, [row]), Gray).Pixels);

    [Fact]
    public void Palette_entries_come_through_unchanged()
    {
        byte[] palette = [10, 20, 30, 200, 100, 50, 255, 0, 1];
        ImageBuffer image = Decode(RawPng.Make(3, 1, 8, RawPng.Palette, [[2, 0, 1]], palette));
        Assert.Equal([255, 0, 1, 10, 20, 30, 200, 100, 50], image.Pixels);
    }

    [Fact]
    public void Palette_transparency_is_composited_from_unpremultiplied_values()
    {
        byte[] palette = [10, 20, 30, 200, 100, 50, 255, 0, 1];

        // Entry 0 is invisible, entry 1 is 100/255 visible, entry 2 has no tRNS value and so is opaque.
        byte[] png = RawPng.Make(3, 1, 8, RawPng.Palette, [[0, 1, 2]], palette, [0, 100]);
        Assert.Equal([10, 20, 30, 0, 200, 100, 50, 100, 255, 0, 1, 255], Decode(png, Rgba).Pixels);
        Assert.Equal([0, 0, 0, 78, 39, 20, 255, 0, 1], Decode(png).Pixels);
        Assert.Equal([255, 255, 255, 233, 194, 175, 255, 0, 1], Decode(png, new() { Background = RgbColor.White }).Pixels);
    }

    [Fact]
    public void Rgba_is_composited_over_the_background_to_the_nearest_byte()
    {
        byte[] row = [255, 128, 1, 255, 255, 128, 1, 128, 255, 128, 1, 1, 77, 88, 99, 0];
        byte[] png = RawPng.Make(4, 1, 8, RawPng.Rgba, [row]);
        Assert.Equal(row, Decode(png, Rgba).Pixels);
        RgbColor background = new(10, 20, 250);
        List<byte> expected = [];
        for (int i = 0; i < row.Length; i += 4)
        {
            double a = row[i + 3] / 255.0;
            expected.AddRange([Mix(row[i], background.R, a), Mix(row[i + 1], background.G, a), Mix(row[i + 2], background.B, a)]);
        }

        Assert.Equal([.. expected], Decode(png, new() { Background = background }).Pixels);

        static byte Mix(byte front, byte back, double a) => (byte)Math.Round((front * a) + (back * (1 - a)), MidpointRounding.AwayFromZero);
    }

    [Fact]
    public void Gray_with_alpha_is_composited()
    {
        byte[] png = RawPng.Make(3, 1, 8, RawPng.GrayAlpha, [[200, 255, 200, 51, 200, 0]]);
        Assert.Equal([200, 40, 0], Decode(png, Gray).Pixels);
        Assert.Equal([200, 200, 200, 255, 200, 200, 200, 51, 200, 200, 200, 0], Decode(png, Rgba).Pixels);
    }

    [Fact]
    public void The_transparent_colour_of_an_rgb_file_is_transparent()
    {
        byte[] png = RawPng.Make(2, 1, 8, RawPng.Rgb, [[9, 8, 7, 9, 8, 6]], transparency: [0, 9, 0, 8, 0, 7]);
        Assert.Equal([255, 255, 255, 9, 8, 6], Decode(png, new() { Background = RgbColor.White }).Pixels);
    }

    [Fact]
    public void Samples_of_16_bits_keep_their_high_byte()
    {
        byte[] png = RawPng.Make(2, 1, 16, RawPng.Rgb, [[0x12, 0x34, 0xAB, 0xFF, 0xFF, 0xFF, 0x00, 0xFF, 0x80, 0x00, 0x7F, 0x80]]);
        Assert.Equal([0x12, 0xAB, 0xFF, 0x00, 0x80, 0x7F], Decode(png).Pixels);
        byte[] gray = RawPng.Make(2, 1, 16, RawPng.Gray, [[0x12, 0xFE, 0xC8, 0x01]]);
        Assert.Equal([0x12, 0xC8], Decode(gray, Gray).Pixels);
        byte[] rgba = RawPng.Make(1, 1, 16, RawPng.Rgba, [[0x12, 0x34, 0xAB, 0xFF, 0xFF, 0xFF, 0x40, 0x00]]);
        Assert.Equal([0x12, 0xAB, 0xFF, 0x40], Decode(rgba, Rgba).Pixels);
    }

    [Fact]
    public void Luma_is_that_of_PIL()
    {
        // PIL: Image.new("RGB", (1, 1), c).convert("L") gives 76, 150, 29 for pure red, green and blue.
        byte[] png = RawPng.Make(3, 1, 8, RawPng.Rgb, [[255, 0, 0, 0, 255, 0, 0, 0, 255]]);
        Assert.Equal([76, 150, 29], Decode(png, Gray).Pixels);
    }

    private static ImageBuffer Decode(byte[] png, DecodeOptions? options = null) => ImageDecoder.Decode(png, "test.png", options);
}
