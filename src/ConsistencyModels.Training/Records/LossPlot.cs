using ConsistencyModels.Files;
using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace ConsistencyModels.Training.Records;

/// <summary>
/// Draws how a run goes: the loss as it is and smoothed, and below it, over the same images, how good the model was where it was measured, the
/// gradient's norm and the learning rate. Loss, measurement and norm stand on logarithmic axes unless one of their values is 0 or below.
/// </summary>
internal static class LossPlot
{
    private const int ImageWidth = 1200;
    private const float LeftSide = 95;
    private const float TextSize = 15;
    private static readonly Color Pale = Color.FromHex("#9ecae9");
    private static readonly Color Strong = Color.FromHex("#1f5fa8");
    private static readonly Color Ink = Color.FromHex("#333333");
    private static readonly Color Lines = Color.FromHex("#e3e3e3");

    /// <summary>Draws a file; the old one is replaced in one step.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="rows">The run's rows, read once.</param>
    /// <param name="images">Images of the last row.</param>
    /// <param name="measured">What was measured of the model.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be written.</exception>
    public static void Save(string path, IEnumerable<LogRow> rows, long images, MetricCurve? measured = null) => AtomicFile.WriteAllBytes(path, Draw(rows, images, measured));

    /// <summary>Draws a PNG.</summary>
    /// <param name="rows">The run's rows, read once.</param>
    /// <param name="images">Images of the last row.</param>
    /// <param name="measured">What was measured of the model.</param>
    public static byte[] Draw(IEnumerable<LogRow> rows, long images, MetricCurve? measured = null)
    {
        PlotFont.Register();
        var points = LossCurves.Gather(rows, images);
        var smooth = LossCurves.Smooth(points);
        var x = PlotAxis.OfImages(images);
        var losses = new Panel("loss", 420, PlotAxis.ForRange(points.Select(point => point.Loss), 6), [
            new("as logged", Pale, 1.2f, [.. points.Select(point => (point.Images, point.Loss))]),
            new("smoothed", Strong, 2.4f, [.. points.Zip(smooth, (point, loss) => (point.Images, loss))]),
        ]);
        var norms = new Panel("gradient norm", 160, PlotAxis.ForRange(points.Select(point => point.GradientNorm), 3), [
            new(null, Strong, 1.2f, [.. points.Select(point => (point.Images, point.GradientNorm))]),
        ]);
        var rates = new Panel("learning rate", 200, PlotAxis.FromZero(points.Select(point => point.LearningRate), 3), [
            new(null, Strong, 1.8f, [.. points.Select(point => (point.Images, point.LearningRate))]),
        ]);
        var metric = measured is null ? null : new Panel(measured.Name, 280, PlotAxis.ForRange(measured.Points.Select(point => point.Value), 5), [
            new(null, Strong, 2.4f, [.. measured.Points.Select(point => ((double)point.Images, point.Value))]),
        ]);
        return Stack(x, [losses, .. metric is null ? Array.Empty<Panel>() : [metric], norms, rates with { XLabel = "images learnt from" }]);
    }

    private static byte[] Stack(PlotAxis x, params Panel[] panels)
    {
        using var whole = SKSurface.Create(new SKImageInfo(ImageWidth, panels.Sum(panel => panel.Height), SKColorType.Rgb888x, SKAlphaType.Opaque));
        var top = 0;
        foreach (var panel in panels)
        {
            // On a canvas of its own, since ScottPlot clears all of the one it is given.
            using var surface = SKSurface.Create(new SKImageInfo(ImageWidth, panel.Height));
            using var plot = Plot(panel, x);
            plot.Render(surface.Canvas, ImageWidth, panel.Height);
            whole.Canvas.DrawSurface(surface, 0, top);
            top += panel.Height;
        }

        using var image = whole.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static Plot Plot(Panel panel, PlotAxis x)
    {
        var plot = new Plot();
        plot.Font.Set(PlotFont.Name, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
        foreach (var curve in panel.Curves)
        {
            var places = curve.Points.Where(point => double.IsFinite(point.Y)).Select(point => new Coordinates(point.X, panel.Y.Place(point.Y)));
            var line = plot.Add.ScatterLine(places.ToArray(), curve.Color);
            line.LineWidth = curve.Width;
            line.LegendText = curve.Name ?? "";
            line.MarkerSize = line.Data.GetScatterPoints().Count == 1 ? 7 : 0;
        }

        plot.Axes.SetLimits(x.From, x.To, panel.Y.From, panel.Y.To);
        Style(plot.Axes.Bottom, x, panel.XLabel);
        Style(plot.Axes.Left, panel.Y, panel.Label);
        plot.Axes.Right.FrameLineStyle.IsVisible = plot.Axes.Top.FrameLineStyle.IsVisible = false;
        plot.Grid.MajorLineColor = Lines;

        // The same left side for all, so that the images are below each other; their numbers stand at the lowest.
        plot.Axes.Bottom.TickLabelStyle.IsVisible = panel.XLabel is not null;
        plot.Axes.Left.MinimumSize = LeftSide - 15;
        plot.Layout.Fixed(new PixelPadding(LeftSide, 30, panel.XLabel is null ? 8 : 58, 14));
        if (panel.Curves.Count > 1)
        {
            Style(plot.ShowLegend(Alignment.UpperRight));
        }

        return plot;
    }

    private static void Style(IAxis axis, PlotAxis scale, string? label)
    {
        axis.TickGenerator = new NumericManual([.. scale.Ticks.Select(tick => tick.At)], [.. scale.Ticks.Select(tick => tick.Label)]);
        axis.TickLabelStyle.FontName = PlotFont.Name;
        axis.TickLabelStyle.FontSize = TextSize - 1;
        axis.TickLabelStyle.ForeColor = axis.Label.ForeColor = axis.FrameLineStyle.Color = Ink;
        axis.Label.FontName = PlotFont.Name;
        axis.Label.FontSize = TextSize;
        axis.Label.Bold = false;
        axis.Label.Text = label ?? "";
        axis.MajorTickStyle.Length = 4;
        axis.MajorTickStyle.Color = Ink;
    }

    private static void Style(Legend legend)
    {
        legend.FontName = PlotFont.Name;
        legend.FontSize = TextSize - 1;
        legend.FontColor = Ink;
        legend.OutlineWidth = 0;
        legend.ShadowColor = Colors.Transparent;
        legend.BackgroundColor = Colors.White.WithAlpha(.8);
    }

    private sealed record Panel(string Label, int Height, PlotAxis Y, IReadOnlyList<Curve> Curves)
    {
        public string? XLabel { get; init; }
    }

    private sealed record Curve(string? Name, Color Color, float Width, IReadOnlyList<(double X, double Y)> Points);
}
