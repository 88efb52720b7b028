using ConsistencyModels.Editing;
using ConsistencyModels.Pixels;
using CsCheck;

namespace ConsistencyModels.Imaging.Tests;

/// <summary>Pictures of any size as a model takes them, and back.</summary>
public sealed class FittedPictureTests
{
    private static readonly Gen<(int Width, int Height, int Channels, ImageSize Size, FitMode Mode)> Any = Gen.Select(
        Gen.Int[1, 40], Gen.Int[1, 40], Gen.OneOfConst(1, 3, 4), Gen.Int[1, 20], Gen.Int[1, 20], Gen.Enum<FitMode>(),
        (width, height, channels, rows, columns, mode) => (width, height, channels, new ImageSize(rows, columns), mode));

    [Fact]
    public void A_part_has_the_size_asked_for_and_a_tiled_picture_its_own() => Any.Sample(any =>
    {
        var fitted = new FittedPicture(TestImages.Noise(any.Width, any.Height, any.Channels, 1), any.Size, any.Mode);
        var (width, height) = any.Mode == FitMode.Tile ? (Math.Max(any.Width, any.Size.Width), Math.Max(any.Height, any.Size.Height)) : (any.Size.Width, any.Size.Height);
        Assert.Equal((width, height, any.Channels), (fitted.Part.Width, fitted.Part.Height, fitted.Part.Channels));
        var back = fitted.PasteBack(fitted.Part);
        Assert.Equal((any.Width, any.Height, any.Channels), (back.Width, back.Height, back.Channels));
    });

    [Fact]
    public void A_tiled_picture_comes_back_as_it_was() => Any.Sample(any =>
    {
        var picture = TestImages.Noise(any.Width, any.Height, any.Channels, 2);
        var fitted = new FittedPicture(picture, any.Size, FitMode.Tile);
        Assert.Equal(picture.Pixels, fitted.PasteBack(fitted.Part).Pixels);
        Assert.Equal(picture.Pixels, fitted.Inner(fitted.Part, 1).Pixels);
        var large = fitted.Inner(ImageGrid.Compose([fitted.Part], new GridOptions { Padding = 0, Scale = 3 }), 3);
        Assert.Equal(ImageGrid.Compose([picture], new GridOptions { Padding = 0, Scale = 3 }).Pixels, large.Pixels);
    });

    [Fact]
    public void What_a_mask_keeps_is_the_pictures_own() => Any.Sample(any =>
    {
        var picture = TestImages.Noise(any.Width, any.Height, any.Channels, 3);
        var fitted = new FittedPicture(picture, any.Size, any.Mode);
        var black = new ImageBuffer(fitted.Part.Width, fitted.Part.Height, fitted.Part.Channels);
        var mask = ImageMask.Of(new(any.Height, any.Width), (y, x) => (x + y) % 3 == 0);
        var result = fitted.PasteBack(black, FillMask.Of(mask));
        for (var y = 0; y < any.Height; y++)
        {
            for (var x = 0; x < any.Width; x++)
            {
                Assert.True(!mask.IsKnown(0, y, x) || picture.Pixel(x, y).SequenceEqual(result.Pixel(x, y)));
            }
        }
    });

    [Fact]
    public void A_picture_of_the_right_size_comes_through_as_it_is() => Gen.Enum<FitMode>().Sample(mode =>
    {
        var picture = TestImages.Noise(8, 6, 3, 4);
        var fitted = new FittedPicture(picture, new(6, 8), mode);
        Assert.True(fitted.IsExact);
        Assert.Equal(picture.Pixels, fitted.Part.Pixels);
    });

    [Fact]
    public void Nothing_is_stretched()
    {
        // Twice as wide as high: the crop is the middle square, the padding repeats the first and the last row.
        var picture = TestImages.Noise(40, 20, 3, 5);
        var crop = new FittedPicture(picture, new(10, 10), FitMode.Crop).Part;
        Assert.Equal(ImageResize.Resize(ImageResize.Crop(picture, 10, 0, 20, 20), 10, 10).Pixels, crop.Pixels);
        var pad = new FittedPicture(picture, new(10, 10), FitMode.Pad).Part;
        var scaled = ImageResize.Resize(picture, 10, 5);
        for (var y = 0; y < 10; y++)
        {
            Assert.Equal(scaled.Row(Math.Clamp(y - 2, 0, 4)), pad.Row(y));
        }
    }

    [Fact]
    public void A_masks_part_is_known_where_all_of_it_was()
    {
        var picture = TestImages.Noise(16, 16, 3, 6);
        var fitted = new FittedPicture(picture, new(8, 8), FitMode.Crop);
        var mask = ImageMask.Of(new(16, 16), (y, x) => (y, x) != (3, 3));
        var part = fitted.Fit(FillMask.Of(mask)).Known;
        Assert.Equal(63.0 / 64, part.KnownFraction);
        Assert.False(part.IsKnown(0, 1, 1));
        var e = Assert.Throws<ConsistencyModelsException>(() => fitted.Fit(FillMask.Of(ImageMask.All(new(8, 8)))));
        Assert.Equal("The mask is 8x8 pixels (height x width); expected the size of the images, 16x16.", e.Message);
    }

    [Fact]
    public void Another_part_is_refused()
    {
        var fitted = new FittedPicture(TestImages.Noise(9, 7, 3, 7), new(8, 8), FitMode.Tile);
        Assert.Contains("The part is 9x7 with 3 channels; expected 9x8 with 3.", Assert.Throws<ArgumentException>(() => fitted.PasteBack(TestImages.Noise(9, 7, 3, 8))).Message);
        Assert.Throws<ArgumentException>(() => fitted.Inner(fitted.Part, 2));
        Assert.Throws<ArgumentException>(() => fitted.PasteBack(TestImages.Noise(9, 8, 1, 8)));
    }
}
