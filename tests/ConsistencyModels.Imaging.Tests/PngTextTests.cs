using System.IO.Compression;
using System.Text;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

public sealed class PngTextTests
{
    [Fact]
    public void Texts_come_back_and_the_picture_stays()
    {
        Dictionary<string, string> text = new()
        {
            ["parameters"] = "steps: 2, seed: 42\nsigma: [80, 0.821]",
            ["Größe"] = "32×32",
            ["prompt"] = "ドラゴン 🐉 naïve",
            ["empty"] = "",
        };
        ImageBuffer image = TestImages.Noise(9, 7, 3, 3);
        byte[] png = ImageEncoder.Encode(image, new() { Text = text });
        Assert.Equal(text, PngText.Read(png, "a.png"));
        Assert.Equal(image.Pixels, ImageDecoder.Decode(png, "a.png").Pixels);
        Assert.Empty(PngText.Read(ImageEncoder.Encode(image), "plain.png"));

        using TempFolder folder = new();
        ImageEncoder.SaveFile(image, folder.File("a.png"), new() { Text = text });
        Assert.Equal(text, PngText.ReadFile(folder.File("a.png")));
    }

    [Fact]
    public void Latin_text_is_tEXt_behind_the_header_with_a_right_checksum()
    {
        byte[] png = ImageEncoder.Encode(TestImages.Noise(1, 1, 1, 1), new() { Text = new Dictionary<string, string> { ["k"] = "é" } });
        using MemoryStream expected = new();
        RawPng.Chunk(expected, "tEXt", [(byte)'k', 0, 0xE9]);
        Assert.Equal(expected.ToArray(), png[33..(33 + (int)expected.Length)]);
    }

    [Fact]
    public void Compressed_texts_are_read()
    {
        byte[] png = WithChunks(
            ("zTXt", [.. "a\0\0"u8, .. Deflate("caf\u00E9", Encoding.Latin1)]),
            ("iTXt", [.. "b\0\u0001\0de\0Schl"u8, .. Encoding.UTF8.GetBytes("ü"), .. "ssel\0"u8, .. Deflate("龍", Encoding.UTF8)]));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "café", ["b"] = "龍" }, PngText.Read(png, "a.png"));
    }

    [Fact]
    public void A_compressed_bomb_is_refused_in_bounded_memory()
    {
        byte[] png = WithChunks(("zTXt", [.. "a\0\0"u8, .. Deflate(new string('x', 24 << 20), Encoding.Latin1)]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => PngText.Read(png, "bomb.png"));
        Assert.Equal("bomb.png: more than 16777216 bytes of text; at most 16777216 are accepted.", e.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80 << 20);
    }

    [Fact]
    public void Damaged_chunks_are_named()
    {
        byte[] png = WithChunks(("tEXt", [.. "key\0value"u8]));
        Assert.Equal("value", PngText.Read(png, "a.png")["key"]);
        byte[] flipped = [.. png];
        flipped[33 + 8 + 5] ^= 1;
        Refused(flipped, "a tEXt chunk is damaged");
        Refused(png[..40], "cut short");
        Refused(png[..^12], "without an IEND chunk");
        Refused(Encoding.ASCII.GetBytes("GIF89a...."), "not a PNG file");
        Refused(WithChunks(("tEXt", [.. "no end of key"u8])), "a tEXt chunk is damaged");
        Refused(WithChunks(("iTXt", [.. "key\0"u8])), "a iTXt chunk is damaged");
        Refused(WithChunks(("iTXt", [.. "key\0\0\0de"u8])), "a iTXt chunk is damaged");
        Refused(WithChunks(("zTXt", [.. "key\0"u8])), "a zTXt chunk is damaged");
        Refused(WithChunks(("zTXt", [.. "key\0\0not zlib data"u8])), "a compressed zTXt chunk is damaged");
    }

    [Theory]
    [InlineData("")]
    [InlineData(" key")]
    [InlineData("key ")]
    [InlineData("two  spaces")]
    [InlineData("line\nbreak")]
    [InlineData("龍")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")]
    public void Keys_that_PNG_does_not_allow_are_refused(string key) =>
        Assert.Throws<ArgumentException>(() => PngText.Insert(ImageEncoder.Encode(TestImages.Noise(1, 1, 1, 1)), new Dictionary<string, string> { [key] = "v" }));

    private static void Refused(byte[] png, string part) =>
        Assert.Contains(part, Assert.Throws<ConsistencyModelsException>(() => PngText.Read(png, "a.png")).Message);

    private static byte[] WithChunks(params (string Type, byte[] Data)[] chunks)
    {
        byte[] png = ImageEncoder.Encode(TestImages.Noise(1, 1, 1, 1));
        using MemoryStream result = new();
        result.Write(png.AsSpan(0, 33));
        foreach ((string type, byte[] data) in chunks)
        {
            RawPng.Chunk(result, type, data);
        }

        result.Write(png.AsSpan(33));
        return result.ToArray();
    }

    private static byte[] Deflate(string text, Encoding encoding)
    {
        using MemoryStream result = new();
        using (ZLibStream deflate = new(result, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(encoding.GetBytes(text));
        }

        return result.ToArray();
    }
}
