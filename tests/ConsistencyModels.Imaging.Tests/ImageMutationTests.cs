using System.IO.Compression;
using System.Text;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging.Tests;

/// <summary>Damaged pictures. At most a megapixel each, so that what a header claims costs little time.</summary>
public sealed class ImageMutationTests
{
    private static readonly DecodeOptions Small = new() { MaxPixels = 1 << 20 };

    [Theory]
    [InlineData("png", Mutations.Many)]
    [InlineData("jpeg", Mutations.Many)]
    [InlineData("webp", Mutations.Many)]
    [InlineData("gif", Mutations.Many)]
    [InlineData("bmp", Mutations.Many)]
    public void Damaged_pictures_are_refused_or_decoded(string format, int runs) => Mutations.Run(
        format,
        runs,
        Seeds(format),
        bytes =>
        {
            var image = ImageDecoder.Decode(bytes, "damaged", Small);
            Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
        },
        format == "png" ? (seed, random) => WithSums(Mutations.Bytes(seed, random, []), random) : null);

    [Fact]
    public void Damaged_texts_of_a_png_are_refused_or_read()
    {
        byte[] long_ = Encoding.Latin1.GetBytes(new string('x', 3000));
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(long_);
        }

        byte[] png = PngText.Insert(ImageEncoder.Encode(new ImageBuffer(1, 1, 1)), new Dictionary<string, string> { ["Software"] = "cm", ["Comment"] = "ü→" });
        using MemoryStream chunks = new();
        PngChunks.Write(chunks, "zTXt", [.. "key\0\0"u8, .. packed.ToArray()]);
        PngChunks.Write(chunks, "iTXt", [.. "other\0"u8, 1, 0, .. "en\0\0"u8, .. packed.ToArray()]);
        byte[] both = [.. png[..33], .. chunks.ToArray(), .. png[33..]];
        Mutations.Run("png text", Mutations.Many, [png, both], bytes => PngText.Read(bytes, "damaged"), (seed, random) => WithSums(Mutations.Bytes(seed, random, []), random));
    }

    private static byte[][] Seeds(string format)
    {
        ImageBuffer small = TestImages.Noise(9, 7, 3, 1);
        return format switch
        {
            "png" => [ImageEncoder.Encode(small), RawPng.Make(5, 4, 16, RawPng.Rgba, [.. Enumerable.Repeat(new byte[40], 4)]), RawPng.Make(9, 3, 1, RawPng.Gray, [.. Enumerable.Repeat(new byte[2], 3)])],
            "jpeg" => [ImageEncoder.Encode(small, new() { Format = ImageFormat.Jpeg }), ImageEncoder.Encode(TestImages.Noise(8, 8, 1, 2), new() { Format = ImageFormat.Jpeg, Quality = 30 })],
            "webp" => [ImageEncoder.Encode(small, new() { Format = ImageFormat.Webp }), ImageEncoder.Encode(small, new() { Format = ImageFormat.Webp, Lossless = true })],
            "gif" => [Gif()],
            _ => [Bmp(24, 0), Bmp(32, 3), Bmp(8, 1)],
        };
    }

    // Two colours, 4x4. The table is cleared after every two pixels, so that codes stay at three bits.
    private static byte[] Gif()
    {
        int[] codes = [.. Enumerable.Range(0, 8).SelectMany(pair => new[] { 4, pair % 2, 1 }), 5];
        byte[] packed = new byte[(codes.Length * 3 + 7) / 8];
        for (int bit = 0; bit < codes.Length * 3; bit++)
        {
            packed[bit / 8] |= (byte)(((codes[bit / 3] >> (bit % 3)) & 1) << (bit % 8));
        }

        return
        [
            .. "GIF89a"u8, 4, 0, 4, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2c, 0, 0, 0, 0, 4, 0, 4, 0, 0, 2, (byte)packed.Length, .. packed, 0, 0x3b,
        ];
    }

    private static byte[] Bmp(int bits, int compression)
    {
        byte[] masks = compression == 3 ? [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0] : [];
        byte[] palette = bits == 8 ? [.. Enumerable.Range(0, 256 * 4).Select(i => (byte)i)] : [];
        byte[] pixels = compression == 1 ? [4, 1, 0, 0, 4, 2, 0, 0, 4, 3, 0, 0, 4, 4, 0, 1] : new byte[4 * 4 * bits / 8];
        int offset = 54 + masks.Length + palette.Length;
        return
        [
            .. "BM"u8, .. BitConverter.GetBytes(offset + pixels.Length), 0, 0, 0, 0, .. BitConverter.GetBytes(offset), 40, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, (byte)bits, 0,
            (byte)compression, 0, 0, 0, .. BitConverter.GetBytes(pixels.Length), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. masks, .. palette, .. pixels,
        ];
    }

    // Right checksums most of the time: otherwise they are all that is tested.
    private static byte[] WithSums(byte[] png, System.Random random)
    {
        if (random.Next(4) == 0)
        {
            return png;
        }

        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12)
            {
                break;
            }

            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
                png.AsSpan(at + 8 + (int)length), System.IO.Hashing.Crc32.HashToUInt32(png.AsSpan(at + 4, (int)length + 4)));
            at += 12 + (int)length;
        }

        return png;
    }
}

/// <summary>Pictures that cost more than their bytes.</summary>
public sealed class CostlyPictureTests
{
    [Fact]
    public void A_bmp_of_a_kilobyte_does_not_hold_megapixels()
    {
        byte[] bmp = new byte[1080];
        byte[] header =
        [
            .. "BM"u8, .. BitConverter.GetBytes(1080), 0, 0, 0, 0, .. BitConverter.GetBytes(1078), 40, 0, 0, 0, .. BitConverter.GetBytes(8192), .. BitConverter.GetBytes(8192), 1, 0, 8, 0, 1, 0, 0, 0,
        ];
        header.CopyTo(bmp, 0);
        bmp[1079] = 1;
        Refused("1080 bytes cannot hold so many pixels", bmp);
    }

    [Fact]
    public void Scans_without_end_are_refused()
    {
        byte[] jpeg = ImageEncoder.Encode(new ImageBuffer(8192, 8000, 1), new() { Format = ImageFormat.Jpeg });
        byte[] scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
        byte[] many = [.. jpeg[..^2], .. Enumerable.Repeat(scan, 96).SelectMany(part => part), .. jpeg[^2..]];
        Refused("scans are too many", many);
    }

    [Fact]
    public void Formats_that_are_not_said_to_be_read_are_not_read()
    {
        byte[] png = ImageEncoder.Encode(new ImageBuffer(1, 1, 4));
        byte[] ico = [0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 32, 0, .. BitConverter.GetBytes(png.Length), 22, 0, 0, 0, .. png];
        using (SKCodec? codec = SKCodec.Create(SKData.CreateCopy(ico)))
        {
            Assert.Equal(SKEncodedImageFormat.Ico, codec?.EncodedFormat);
        }

        Refused("found ico, expected PNG", ico);
        Refused("", [0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0]); // WBMP: no signature, so anything may be one
    }

    [Fact]
    public void Masks_that_a_decoder_would_grumble_about_are_refused_before()
    {
        byte[] bmp = [.. "BM"u8, .. new byte[64]];
        (bmp[14], bmp[18], bmp[22], bmp[28], bmp[30], bmp[54]) = (40, 1, 1, 32, 3, 5);
        Refused("the colour masks of the BMP are not runs of bits", bmp);
    }

    private static void Refused(string why, byte[] picture) =>
        Assert.Contains(why, Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode(picture, "costly")).Message, StringComparison.Ordinal);
}
