using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

public sealed class ImageEncoderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Png_gives_every_byte_back(int channels)
    {
        ImageBuffer image = TestImages.Noise(37, 19, channels, channels);
        byte[] png = ImageEncoder.Encode(image);
        Assert.Equal(image.Pixels, ImageDecoder.Decode(png, "a.png", new() { Channels = channels }).Pixels);

        // The colour type is the channels': no alpha is invented, gray stays one channel.
        Assert.Equal(channels switch { 1 => RawPng.Gray, 3 => RawPng.Rgb, _ => RawPng.Rgba }, png[25]);
    }

    [Fact]
    public void Lossless_webp_gives_every_byte_back()
    {
        ImageBuffer image = TestImages.Noise(37, 19, 3, 5);
        byte[] webp = ImageEncoder.Encode(image, new() { Format = ImageFormat.Webp, Lossless = true });
        Assert.Equal("webp", ImageDecoder.ReadInfo(webp, "a.webp").Format);
        Assert.Equal(image.Pixels, ImageDecoder.Decode(webp, "a.webp").Pixels);
    }

    [Theory]
    [InlineData(ImageFormat.Jpeg, "jpeg")]
    [InlineData(ImageFormat.Webp, "webp")]
    public void Lossy_formats_are_close_and_follow_the_quality(ImageFormat format, string name)
    {
        ImageBuffer image = ImageResize.Resize(TestImages.Noise(8, 8, 3, 6), 64, 64);
        byte[] good = ImageEncoder.Encode(image, new() { Format = format, Quality = 95 });
        byte[] poor = ImageEncoder.Encode(image, new() { Format = format, Quality = 10 });
        Assert.Equal(name, ImageDecoder.ReadInfo(good, "a").Format);
        Assert.True(poor.Length < good.Length / 2, $"{poor.Length} against {good.Length}");
        Assert.InRange(MeanError(image, good), 0.01, 4);
        Assert.True(MeanError(image, poor) > MeanError(image, good));

        static double MeanError(ImageBuffer image, byte[] encoded) =>
            image.Pixels.Zip(ImageDecoder.Decode(encoded, "a").Pixels, (a, b) => Math.Abs(a - b)).Average();
    }

    [Fact]
    public void The_file_name_chooses_the_format()
    {
        using TempFolder folder = new();
        ImageBuffer image = TestImages.Noise(8, 8, 3, 1);
        foreach ((string name, string format) in new[] { ("a.png", "png"), ("a.JPG", "jpeg"), ("a.jpeg", "jpeg"), ("a.webp", "webp") })
        {
            ImageEncoder.SaveFile(image, folder.File(name));
            Assert.Equal(format, ImageDecoder.ReadInfo(File.ReadAllBytes(folder.File(name)), name).Format);
        }

        Assert.Equal(4, Directory.GetFiles(folder.Path).Length);
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageEncoder.SaveFile(image, folder.File("a.tiff")));
        Assert.EndsWith("the extension '.tiff' is not an image format; expected .png, .jpg, .jpeg or .webp.", e.Message);
        Assert.Throws<ConsistencyModelsException>(() => ImageEncoder.SaveFile(image, folder.File("missing/a.png")));
    }

    [Fact]
    public void What_a_format_cannot_hold_is_refused()
    {
        ImageBuffer rgba = TestImages.Noise(4, 4, 4, 1);
        ImageBuffer rgb = TestImages.Noise(4, 4, 3, 1);
        Assert.Throws<ArgumentException>(() => ImageEncoder.Encode(rgba, new() { Format = ImageFormat.Jpeg }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageEncoder.Encode(rgb, new() { Quality = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageEncoder.Encode(rgb, new() { Quality = 101 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageEncoder.Encode(new ImageBuffer(16384, 1, 1), new() { Format = ImageFormat.Webp }));
        Dictionary<string, string> text = new() { ["seed"] = "1" };
        Assert.Throws<ArgumentException>(() => ImageEncoder.Encode(rgb, new() { Format = ImageFormat.Jpeg, Text = text }));
    }
}
