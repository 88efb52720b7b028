using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class PlotAxisTests
{
    [Theory]
    [InlineData(640, "0 100 200 300 400 500 600")]
    [InlineData(3200, "0 500 1k 1.5k 2k 2.5k 3k")]
    [InlineData(400_000, "0 100k 200k 300k 400k")]
    [InlineData(2_500_000, "0 500k 1M 1.5M 2M 2.5M")]
    [InlineData(25_600_000, "0 5M 10M 15M 20M 25M")]
    [InlineData(0, "0 0.2 0.4 0.6 0.8 1")]
    public void Images_are_counted_in_thousands_and_millions(long images, string labels) =>
        Assert.Equal(labels, Labels(PlotAxis.OfImages(images)));

    [Theory]
    [InlineData(0.03, 0.6, "0.05 0.1 0.2 0.5")]
    [InlineData(1e-7, 2.5e-6, "1e-7 2e-7 5e-7 1e-6 2e-6")]
    [InlineData(1e-8, 100, "1e-8 1e-6 1e-4 0.01 1 100")]
    [InlineData(0.3, 0.32, "0.25 0.3 0.35 0.4 0.45")]
    public void Logarithmic_axes_have_round_numbers(double from, double to, string labels)
    {
        var axis = PlotAxis.ForRange([from, to, double.NaN, double.PositiveInfinity], 6);
        Assert.True(axis.Logarithmic);
        Assert.Equal(labels, Labels(axis));
        Assert.True(axis.From < Math.Log10(from) && axis.To > Math.Log10(to));
    }

    [Fact]
    public void A_loss_below_zero_makes_the_axis_linear()
    {
        var axis = PlotAxis.ForRange([0.4, -0.1], 6);
        Assert.False(axis.Logarithmic);
        Assert.Equal("-0.1 0 0.1 0.2 0.3 0.4", Labels(axis));
    }

    [Fact]
    public void A_learning_rate_has_one_form_of_numbers()
    {
        Assert.Equal("0 5e-4 1e-3", Labels(PlotAxis.FromZero([0, 1e-3], 3)));
        Assert.Equal("0 1e-4 2e-4", Labels(PlotAxis.FromZero([2e-4], 3)));
    }

    [Fact]
    public void Labels_stand_at_what_they_say()
    {
        var axis = PlotAxis.ForRange([0.03, 0.6], 6);
        Assert.All(axis.Ticks, tick => Assert.Equal(Math.Log10(double.Parse(tick.Label, System.Globalization.CultureInfo.InvariantCulture)), tick.At, 1e-9));
        Assert.Equal(-1, axis.Place(0.1), 1e-12);
    }

    [Fact]
    public void Every_run_has_an_axis()
    {
        foreach (double[] values in new double[][] { [], [0], [5], [-5], [double.NaN], [1e-300, 1e300], [1e-300], [0, 1e-300], [1e15, 1e15 + 1] })
        {
            foreach (var axis in new[] { PlotAxis.ForRange(values, 6), PlotAxis.FromZero(values, 3) })
            {
                Assert.True(axis.From < axis.To && double.IsFinite(axis.From) && double.IsFinite(axis.To));
                Assert.InRange(axis.Ticks.Count, 0, 20);
                Assert.All(axis.Ticks, tick => Assert.InRange(tick.At, axis.From, axis.To + ((axis.To - axis.From) * 1e-6)));
            }
        }
    }

    private static string Labels(PlotAxis axis) => string.Join(' ', axis.Ticks.Select(tick => tick.Label));
}
