using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

/// <summary>Properties; that the bytes are PIL's is pinned by the golden cases of center_crop_arr.</summary>
public sealed class ImageResizeTests
{
    [Theory]
    [InlineData(ResampleFilter.Box)]
    [InlineData(ResampleFilter.Bilinear)]
    [InlineData(ResampleFilter.Bicubic)]
    [InlineData(ResampleFilter.Lanczos)]
    public void A_plain_picture_stays_plain(ResampleFilter filter)
    {
        foreach ((int w, int h) in new[] { (3, 5), (40, 7), (16, 16), (1, 1) })
        {
            ImageBuffer resized = ImageResize.Resize(TestImages.Solid(13, 11, 7, 128, 255), w, h, filter);
            Assert.Equal(TestImages.Solid(w, h, 7, 128, 255).Pixels, resized.Pixels);
        }
    }

    [Fact]
    public void Box_halving_is_the_mean_of_four()
    {
        ImageBuffer image = new(4, 2, 1, [0, 10, 100, 101, 20, 30, 102, 103]);

        // Rows first, each pass rounded: (0 + 10) / 2 = 5, (20 + 30) / 2 = 25; 100.5 becomes 101, 102.5 becomes 103.
        Assert.Equal([15, 102], ImageResize.Resize(image, 2, 1, ResampleFilter.Box).Pixels);
    }

    [Fact]
    public void Bilinear_doubling_has_the_textbook_weights()
    {
        ImageBuffer image = new(2, 1, 1, [0, 100]);
        Assert.Equal([0, 25, 75, 100], ImageResize.Resize(image, 4, 1, ResampleFilter.Bilinear).Pixels);
    }

    [Fact]
    public void Invisible_colour_does_not_bleed()
    {
        // Left half invisible red, right half visible blue: whatever is visible afterwards has no red in it.
        ImageBuffer image = new(4, 1, 4, [255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 200, 255, 0, 0, 200, 255]);
        ImageBuffer resized = ImageResize.Resize(image, 3, 1, ResampleFilter.Bilinear);
        Assert.InRange(resized.Pixel(1, 0)[3], 100, 155);
        Assert.Equal(0, resized.Pixel(1, 0)[0]);
        Assert.InRange(resized.Pixel(1, 0)[2], 195, 200);
    }

    [Theory]
    [InlineData(50, 70, 32)]
    [InlineData(500, 33, 32)]
    [InlineData(7, 9, 64)]
    [InlineData(64, 64, 64)]
    public void A_centre_crop_has_the_size_asked_for(int width, int height, int size)
    {
        ImageBuffer image = ImageResize.CenterCrop(TestImages.Noise(width, height, 3, 1), size);
        Assert.Equal((size, size, 3), (image.Width, image.Height, image.Channels));
    }

    [Fact]
    public void A_picture_of_the_right_size_is_not_touched()
    {
        ImageBuffer image = TestImages.Noise(32, 32, 3, 1);
        Assert.Equal(image.Pixels, ImageResize.CenterCrop(image, 32).Pixels);
    }

    [Fact]
    public void A_centre_crop_takes_the_middle()
    {
        ImageBuffer image = new(7, 3, 1, [.. Enumerable.Range(0, 21).Select(v => (byte)v)]);
        Assert.Equal([2, 3, 4, 9, 10, 11, 16, 17, 18], ImageResize.CenterCrop(image, 3).Pixels);
    }

    [Fact]
    public void A_thread_of_a_picture_is_refused_before_it_is_scaled_up()
    {
        ConsistencyModelsException e = Assert.Throws<ConsistencyModelsException>(() => ImageResize.CenterCrop(new ImageBuffer(1_000_000, 1, 1), 64));
        Assert.Contains("too elongated", e.Message);
    }

    [Fact]
    public void Wrong_rectangles_and_sizes_are_refused()
    {
        ImageBuffer image = TestImages.Noise(8, 8, 3, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Crop(image, 1, 0, 8, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Crop(image, -1, 0, 4, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Crop(image, 0, 0, 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Resize(image, 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.Resize(image, 100_000, 100_000));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageResize.CenterCrop(image, 0));
    }
}
