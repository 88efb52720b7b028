using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging.Tests;

public sealed class ImageGridTests
{
    [Fact]
    public void Pictures_stand_where_the_options_put_them()
    {
        ImageBuffer[] images = [.. Enumerable.Range(0, 5).Select(i => TestImages.Noise(3, 2, 3, i))];
        ImageBuffer grid = ImageGrid.Compose(images, new() { Padding = 1, Scale = 2, Background = new(9, 8, 7) });

        // Five pictures make three columns and two rows of 6x4 with a pixel around each.
        Assert.Equal((22, 11, 3), (grid.Width, grid.Height, grid.Channels));
        for (int y = 0; y < grid.Height; y++)
        {
            for (int x = 0; x < grid.Width; x++)
            {
                int index = (y / 5 * 3) + (x / 7);
                bool inside = x % 7 > 0 && y % 5 > 0 && index < 5;
                byte[] expected = inside ? images[index].Pixel(((x % 7) - 1) / 2, ((y % 5) - 1) / 2).ToArray() : [9, 8, 7];
                Assert.Equal(expected, grid.Pixel(x, y).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(1, null, 1, 1)]
    [InlineData(4, null, 2, 2)]
    [InlineData(16, null, 4, 4)]
    [InlineData(10, null, 4, 3)]
    [InlineData(10, 5, 5, 2)]
    [InlineData(3, 8, 3, 1)]
    public void Columns_are_near_square_or_given(int count, int? columns, int expectedColumns, int expectedRows)
    {
        ImageBuffer[] images = [.. Enumerable.Repeat(TestImages.Solid(4, 6, 1), count)];
        ImageBuffer grid = ImageGrid.Compose(images, new() { Columns = columns, Padding = 0 });
        Assert.Equal((expectedColumns * 4, expectedRows * 6), (grid.Width, grid.Height));
    }

    [Fact]
    public void Rgba_gets_an_opaque_background()
    {
        ImageBuffer grid = ImageGrid.Compose([TestImages.Solid(1, 1, 5, 6, 7, 0)], new() { Padding = 1 });
        Assert.Equal([0, 0, 0, 255], grid.Pixel(0, 0).ToArray());
        Assert.Equal([5, 6, 7, 0], grid.Pixel(1, 1).ToArray());
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        ImageBuffer image = TestImages.Solid(4, 4, 1);
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose([]));
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose([image, TestImages.Solid(4, 5, 1)]));
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose([image, TestImages.Solid(4, 4, 1, 2, 3)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageGrid.Compose([image], new() { Columns = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageGrid.Compose([image], new() { Scale = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageGrid.Compose([image], new() { Padding = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageGrid.Compose([image], new() { Padding = int.MaxValue, Scale = int.MaxValue }));
    }
}
