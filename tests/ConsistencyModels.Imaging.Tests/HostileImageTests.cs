using System.Diagnostics;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

/// <summary>Files that are no images, are cut short, lie, or want too much memory.</summary>
public sealed class HostileImageTests
{
    [Fact]
    public void A_bomb_is_refused_before_memory_is_taken()
    {
        byte[] bomb = RawPng.Make(20_000, 20_000, 8, RawPng.Rgba, [.. Enumerable.Repeat(new byte[80_000], 50)]);
        using Process process = Process.GetCurrentProcess();
        long peak = process.PeakWorkingSet64;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode(bomb, "bomb.png"));
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        process.Refresh();
        Assert.Equal("bomb.png: the header says 20000x20000 = 400000000 pixels; at most 67108864 are accepted.", e.Message);
        Assert.InRange(allocated, 0, 1 << 20);

        // Decoding would take 1.6 GB; other tests run beside this one, so a generous bound.
        Assert.InRange(process.PeakWorkingSet64 - peak, 0, 400L << 20);
    }

    [Fact]
    public void The_header_alone_is_held_to_the_limit_as_well()
    {
        byte[] png = RawPng.Make(11, 10, 8, RawPng.Gray, [.. Enumerable.Repeat(new byte[11], 10)]);
        Assert.Equal(new EncodedImageInfo(11, 10, false, "png"), ImageDecoder.ReadInfo(png, "a.png", new() { MaxPixels = 110 }));
        Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.ReadInfo(png, "a.png", new() { MaxPixels = 109 }));
        Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode(png, "a.png", new() { MaxPixels = 109 }));
    }

    [Fact]
    public void A_stream_is_not_read_beyond_the_limit()
    {
        using EndlessStream stream = new();
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(
            () => ImageDecoder.Decode(stream, "endless", new() { MaxFileBytes = 1 << 20 }));
        Assert.Contains("at most 1048576 are accepted", e.Message);
        Assert.InRange(stream.Served, 1 << 20, 2 << 20);
    }

    [Fact]
    public void What_is_no_image_is_named()
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode("hello, world"u8, "letter.png"));
        Assert.Equal("letter.png: not an image that can be read; expected PNG, JPEG, WebP, GIF or BMP.", e.Message);
        e = Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode([], "empty.png"));
        Assert.Contains("empty.png: the file is empty", e.Message);
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void A_file_cut_short_is_refused(ImageFormat format)
    {
        byte[] whole = ImageEncoder.Encode(TestImages.Noise(64, 48, 3, 1), new() { Format = format });
        ImageDecoder.Decode(whole, "whole");
        foreach (int length in new[] { whole.Length / 4, whole.Length / 2, whole.Length * 3 / 4 })
        {
            ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.Decode(whole.AsSpan(0, length), "short"));
            Assert.StartsWith("short: ", e.Message);
        }
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void Damaged_bytes_give_a_picture_or_a_clear_error(ImageFormat format)
    {
        byte[] whole = ImageEncoder.Encode(TestImages.Noise(24, 16, 3, 2), new() { Format = format });
        System.Random random = new(7);
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. whole];
            for (int k = 0; k < 4; k++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                ImageBuffer image = ImageDecoder.Decode(damaged, "damaged", new() { MaxPixels = 1 << 20 });
                Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
            }
            catch (ConsistencyModelsException e)
            {
                Assert.StartsWith("damaged: ", e.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 1, 300);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageDecoder.DecodeFile("/no/such/picture.png"));
        Assert.StartsWith("/no/such/picture.png: cannot be read: ", e.Message);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public long Served { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Served += buffer.Length;
            return buffer.Length;
        }
    }
}
