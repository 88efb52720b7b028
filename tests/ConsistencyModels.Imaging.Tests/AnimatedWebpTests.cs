using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging.Tests;

public sealed class AnimatedWebpTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public unsafe void Every_frame_comes_back_bit_for_bit(int channels)
    {
        var frames = Enumerable.Range(0, 5).Select(i => Noise(channels, i)).ToArray();
        var file = AnimatedWebp.Encode(frames, TimeSpan.FromMilliseconds(120));

        using var codec = SKCodec.Create(new MemoryStream(file));
        Assert.Equal(SKEncodedImageFormat.Webp, codec.EncodedFormat);
        Assert.Equal(5, codec.FrameCount);
        Assert.Equal(-1, codec.RepetitionCount); // for ever
        Assert.All(codec.FrameInfo, frame => Assert.Equal(120, frame.Duration));
        using var bitmap = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var i = 0; i < frames.Length; i++)
        {
            Assert.Equal(SKCodecResult.Success, codec.GetPixels(bitmap.Info, bitmap.GetPixels(), new SKCodecOptions(i)));
            Assert.Equal(frames[i].WithChannels(4).Pixels, new Span<byte>((void*)bitmap.GetPixels(), 4 * 12 * 9).ToArray());
        }
    }

    [Fact]
    public void There_and_back_shows_the_ends_once()
    {
        var frames = Enumerable.Range(0, 4).Select(i => Noise(3, i)).ToArray();
        Assert.Equal([frames[0], frames[1], frames[2], frames[3], frames[2], frames[1]], AnimatedWebp.ThereAndBack(frames));
        Assert.Equal([frames[0], frames[1]], AnimatedWebp.ThereAndBack(frames[..2]));
        Assert.Equal([frames[0]], AnimatedWebp.ThereAndBack(frames[..1]));
    }

    [Fact]
    public void What_cannot_move_is_refused()
    {
        var second = TimeSpan.FromSeconds(1);
        Assert.Throws<ArgumentException>(() => AnimatedWebp.Encode([], second));
        Assert.Contains("12x9 with 3 channels and 12x9 with 1", Assert.Throws<ArgumentException>(() => AnimatedWebp.Encode([Noise(3, 0), Noise(1, 0)], second)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => AnimatedWebp.Encode([Noise(3, 0)], TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnimatedWebp.Encode([Noise(3, 0)], TimeSpan.FromMinutes(2)));
        Assert.Contains("larger than WebP", Assert.Throws<ArgumentException>(() => AnimatedWebp.Encode([new ImageBuffer(16384, 1, 3)], second)).Message);
        Assert.Equal("x.png: found '.png', expected .webp: only WebP moves.", Assert.Throws<ConsistencyModelsException>(() => AnimatedWebp.SaveFile([Noise(3, 0)], second, "x.png")).Message);
    }

    private static ImageBuffer Noise(int channels, int seed)
    {
        var image = new ImageBuffer(12, 9, channels);
        new System.Random(seed).NextBytes(image.Pixels);
        for (var i = 3; channels == 4 && i < image.Pixels.Length; i += 4)
        {
            image.Pixels[i] = 255; // what is transparent may lose its colour
        }

        return image;
    }
}
