using ConsistencyModels.Training.Records;

namespace ConsistencyModels.Training.Tests.Records;

public class LossCurvesTests
{
    [Fact]
    public void A_long_run_has_no_more_points_than_fit()
    {
        var rows = SampleRows.Of(100_000).ToArray();
        var points = LossCurves.Gather(rows, rows[^1].Images);
        Assert.InRange(points.Length, LossCurves.MostPoints - 1, LossCurves.MostPoints);
        Assert.Equal(rows.Length, points.Sum(point => point.Rows));
        Assert.Equal(rows.Average(row => row.Loss), points.Sum(point => point.Loss * point.Rows) / rows.Length, 1e-12);
        Assert.Equal(points.Select(point => point.Images).Order(), points.Select(point => point.Images));
    }

    [Fact]
    public void A_short_run_keeps_every_row()
    {
        var rows = SampleRows.Of(300).ToArray();
        var points = LossCurves.Gather(rows, rows[^1].Images);
        Assert.Equal(rows.Select(row => (row.Images, row.Loss, row.GradientNorm, row.LearningRate)), points.Select(point => ((long)point.Images, point.Loss, point.GradientNorm, point.LearningRate)));
    }

    [Fact]
    public void A_loss_that_is_missing_does_not_count()
    {
        LogRow[] rows = [new(1, 1000, 2, 1, 1, 1, 0), new(1, 1000, double.NaN, 3, 1, 1, 50), new(2, 2000, double.NaN, double.NaN, 1, 1, 50)];
        var points = LossCurves.Gather(rows, 2000);
        Assert.Equal((2, 2, 1), (points[0].Loss, points[0].GradientNorm, points[0].Rows));
        Assert.True(double.IsNaN(points[1].Loss) && double.IsNaN(points[1].GradientNorm));

        // Nor is one made up where there is none near.
        Assert.Equal([2, double.NaN], LossCurves.Smooth(points));
    }

    [Fact]
    public void Smoothing_takes_the_noise_and_leaves_the_curve()
    {
        static double True(double done) => 0.02 + (0.6 / (1 + (40 * done)));
        var random = new Random(7);
        const int count = 2000;
        var rows = Enumerable.Range(1, count).Select(i => new LogRow(i, i * 100, True((double)i / count) * (0.5 + random.NextDouble()), 1, 1, 1, 0)).ToArray();
        var points = LossCurves.Gather(rows, count * 100);
        var smooth = LossCurves.Smooth(points);

        // Single rows are up to half off. From a hundredth of the run on the curve is within a tenth, without lag at either end.
        var off = smooth.Select((loss, i) => Math.Abs((loss / True(points[i].Images / (count * 100))) - 1)).ToArray();
        Assert.All(off[40..], value => Assert.InRange(value, 0, 0.15));
        Assert.InRange(off[40..].Average(), 0, 0.035);
    }

    [Fact]
    public void A_constant_stays_and_nothing_is_nothing()
    {
        var rows = Enumerable.Range(1, 50).Select(i => new LogRow(i, i, 0.25, 1, 1, 1, 0));
        Assert.All(LossCurves.Smooth(LossCurves.Gather(rows, 50)), loss => Assert.Equal(0.25, loss, 1e-12));
        Assert.Empty(LossCurves.Smooth(LossCurves.Gather([], 0)));
    }
}
