using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;
using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class LossPlotTests
{
    private const int Width = 1200;
    private const int Height = 780;

    // Where the loss stands: right of its labels, above the gradient's norm.
    private static readonly (int Left, int Top, int Right, int Bottom) Losses = (97, 16, 1155, 408);

    [Fact]
    public void A_falling_loss_falls()
    {
        var picture = Draw(SampleRows.Of(2000), 2000 * 3200);
        Assert.Equal((Width, Height), (picture.Width, picture.Height));

        // The smoothed curve is the dark blue one: high at the left, low at the right, and never up by more than noise.
        var heights = Enumerable.Range(0, 20).Select(i => TopOfCurve(picture, Losses.Left + 5 + (i * 50))).ToArray();
        Assert.All(heights.Zip(heights.Skip(1)), pair => Assert.True(pair.Second > pair.First - 12, $"{pair.First} then {pair.Second}"));
        Assert.True(heights[0] < 150 && heights[^1] > 300, $"from {heights[0]} to {heights[^1]}");
    }

    [Fact]
    public void Words_and_numbers_are_drawn_whatever_fonts_the_system_has()
    {
        var picture = Draw(SampleRows.Of(200), 200 * 3200);
        Assert.InRange(Dark(picture, 40, 20, 92, 400), 150, 4000); // numbers of the loss
        Assert.InRange(Dark(picture, 400, 740, 800, 775), 200, 4000); // "images learnt from"
        Assert.InRange(Dark(picture, 1050, 20, 1160, 62), 150, 2500); // the legend
        Assert.InRange(Dark(picture, 95, 725, 1190, 739), 100, 3000); // numbers of images
    }

    [Fact]
    public void Losses_below_zero_are_drawn_too()
    {
        var picture = Draw(SampleRows.Of(500).Select(row => row with { Loss = row.Loss - 0.1 }), 500 * 3200);
        Assert.True(TopOfCurve(picture, Losses.Left + 5) < TopOfCurve(picture, Losses.Right - 5) - 200);
    }

    [Fact]
    public void A_run_of_one_row_or_none_has_a_picture()
    {
        Assert.Equal(Width, Draw(SampleRows.Of(1), 3200).Width);
        Assert.Equal(Width, Draw([], 0).Width);
        Assert.Equal(Width, Draw([new(1, 64, double.NaN, double.NaN, 0, 0, 1)], 64).Width);
    }

    [Fact]
    public void What_was_measured_has_a_panel_of_its_own()
    {
        var picture = ImageDecoder.Decode(LossPlot.Draw(SampleRows.Of(500), 500 * 3200, new("FD-x", [(100_000, 800), (800_000, 300), (1_600_000, 100)])), "plot");
        Assert.Equal(Height + 280, picture.Height);
        Assert.InRange(Dark(picture, 40, 430, 92, 695), 100, 4000); // its numbers
        Assert.Equal(Width, ImageDecoder.Decode(LossPlot.Draw(SampleRows.Of(1), 3200, new("FD-x", [(3200, -1)])), "plot").Width);
    }

    [Fact]
    public void The_same_rows_make_the_same_file()
    {
        var first = LossPlot.Draw(SampleRows.Of(100), 100 * 3200);
        Assert.Equal(first, LossPlot.Draw(SampleRows.Of(100), 100 * 3200));
        Assert.InRange(first.Length, 5_000, 100_000);
    }

    private static ImageBuffer Draw(IEnumerable<LogRow> rows, long images) => ImageDecoder.Decode(LossPlot.Draw(rows, images), "plot");

    private static int TopOfCurve(ImageBuffer picture, int column)
    {
        for (var y = Losses.Top; y < Losses.Bottom; y++)
        {
            var (r, g, b) = At(picture, column, y);
            if (b > 120 && r < 90 && g < 130)
            {
                return y;
            }
        }

        Assert.Fail($"there is no curve in column {column}");
        return 0;
    }

    private static int Dark(ImageBuffer picture, int left, int top, int right, int bottom) =>
        Enumerable.Range(top, bottom - top).Sum(y => Enumerable.Range(left, right - left).Count(x => At(picture, x, y) is var (r, g, b) && r < 140 && g < 140 && b < 140));

    private static (byte R, byte G, byte B) At(ImageBuffer picture, int x, int y) =>
        picture.Row(y).Slice(x * picture.Channels, 3) is var pixel ? (pixel[0], pixel[1], pixel[2]) : default;
}
