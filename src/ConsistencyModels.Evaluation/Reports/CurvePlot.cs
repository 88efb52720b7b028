using ConsistencyModels.Training.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace ConsistencyModels.Evaluation.Reports;

/// <summary>A curve of a plot.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Points">Places and values; values that are not finite are left out.</param>
public sealed record PlotCurve(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws a metric against something: steps, numbers of samples.</summary>
public static class CurvePlot
{
    private const int Width = 800;
    private const int Height = 440;
    private const float TextSize = 15;
    private static readonly Color[] Inks = [Color.FromHex("#1f5fa8"), Color.FromHex("#c4622d"), Color.FromHex("#3b8a4b"), Color.FromHex("#7b5aa6")];
    private static readonly Color Ink = Color.FromHex("#333333");

    /// <summary>Draws a PNG.</summary>
    /// <param name="xLabel">What stands along the lower axis, which is logarithmic: numbers of samples and steps are doubled.</param>
    /// <param name="yLabel">What stands along the left one.</param>
    /// <param name="curves">At least one, with at least one point together.</param>
    public static byte[] Draw(string xLabel, string yLabel, IReadOnlyList<PlotCurve> curves)
    {
        ArgumentNullException.ThrowIfNull(curves);
        PlotFont.Register();
        var all = curves.SelectMany(curve => curve.Points).Where(point => double.IsFinite(point.Y)).ToArray();
        var (x, y) = (PlotAxis.ForRange(all.Select(point => point.X), 6), PlotAxis.ForRange(all.Select(point => point.Y), 6));
        using var plot = new Plot();
        plot.Font.Set(PlotFont.Name, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
        foreach (var (curve, i) in curves.Select((curve, i) => (curve, i)))
        {
            var line = plot.Add.Scatter(curve.Points.Where(point => double.IsFinite(point.Y)).Select(point => new Coordinates(x.Place(point.X), y.Place(point.Y))).ToArray(), Inks[i % Inks.Length]);
            line.LineWidth = 2;
            line.MarkerSize = 7;
            line.LegendText = curve.Name;
        }

        plot.Axes.SetLimits(x.From, x.To, y.From, y.To);
        Style(plot.Axes.Bottom, x, xLabel);
        Style(plot.Axes.Left, y, yLabel);
        plot.Axes.Right.FrameLineStyle.IsVisible = plot.Axes.Top.FrameLineStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Color.FromHex("#e3e3e3");
        plot.Layout.Fixed(new PixelPadding(95, 30, 58, 14));
        plot.HideLegend();
        if (curves.Count > 1)
        {
            var legend = plot.ShowLegend(Alignment.UpperRight);
            legend.FontName = PlotFont.Name;
            legend.FontSize = TextSize - 1;
            legend.OutlineWidth = 0;
            legend.ShadowColor = Colors.Transparent;
        }

        return plot.GetImage(Width, Height).GetImageBytes(ImageFormat.Png);
    }

    private static void Style(IAxis axis, PlotAxis scale, string label)
    {
        axis.TickGenerator = new NumericManual([.. scale.Ticks.Select(tick => tick.At)], [.. scale.Ticks.Select(tick => tick.Label)]);
        axis.TickLabelStyle.FontName = axis.Label.FontName = PlotFont.Name;
        axis.TickLabelStyle.FontSize = TextSize - 1;
        axis.Label.FontSize = TextSize;
        axis.Label.Bold = false;
        axis.Label.Text = label;
        axis.TickLabelStyle.ForeColor = axis.Label.ForeColor = axis.FrameLineStyle.Color = axis.MajorTickStyle.Color = Ink;
    }
}
