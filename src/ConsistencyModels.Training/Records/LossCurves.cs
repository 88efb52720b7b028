namespace ConsistencyModels.Training.Records;

/// <summary>One place of a curve: means of the rows there.</summary>
/// <param name="Images">Where.</param>
/// <param name="Loss">Mean loss; not a number where no row has one.</param>
/// <param name="GradientNorm">Mean norm.</param>
/// <param name="LearningRate">Mean step size.</param>
/// <param name="Rows">How many rows have a loss.</param>
internal readonly record struct CurvePoint(double Images, double Loss, double GradientNorm, double LearningRate, long Rows);

/// <summary>A run's rows as curves of a bounded number of points, however long the run is.</summary>
internal static class LossCurves
{
    /// <summary>Points at most.</summary>
    public const int MostPoints = 2000;

    // As a share of the run: wide enough to calm a curve, narrow enough not to hide a jump. And as a share of the images before, since
    // the loss falls fastest at the start.
    private const double SmoothingWidth = 0.015;
    private const double SmoothingAtStart = 0.1;

    /// <summary>Gathers rows that lie near each other.</summary>
    /// <param name="rows">The rows, read once.</param>
    /// <param name="images">Images of the last row.</param>
    public static CurvePoint[] Gather(IEnumerable<LogRow> rows, long images)
    {
        var bins = new Bin[MostPoints];
        foreach (var row in rows)
        {
            var at = (int)Math.Clamp((double)row.Images / Math.Max(images, 1) * MostPoints, 0, MostPoints - 1);
            bins[at].Add(row);
        }

        return [.. bins.Where(bin => bin.Rows > 0).Select(bin => bin.Mean())];
    }

    /// <summary>
    /// The losses with noise taken out: at each place the mean of those around it, weighed by a bell curve. It looks to both sides, so
    /// that it does not lag behind, and takes means of losses, not of their logarithms: the mean is what is trained.
    /// </summary>
    /// <param name="points">The points.</param>
    public static double[] Smooth(CurvePoint[] points)
    {
        var smooth = new double[points.Length];
        var widest = points.Length == 0 ? 0 : (points[^1].Images - points[0].Images) * SmoothingWidth;
        var from = 0;
        for (var i = 0; i < points.Length; i++)
        {
            var here = points[i].Images;
            var width = Math.Min(widest, here * SmoothingAtStart);
            while (points[from].Images < here - (3 * width))
            {
                from++;
            }

            double sum = 0, weights = 0;
            for (var j = from; j < points.Length && points[j].Images <= here + (3 * width); j++)
            {
                if (points[j].Rows > 0)
                {
                    var away = width > 0 ? (points[j].Images - here) / width : 0;
                    var weight = Math.Exp(-0.5 * away * away) * points[j].Rows;
                    sum += weight * points[j].Loss;
                    weights += weight;
                }
            }

            smooth[i] = sum / weights;
        }

        return smooth;
    }

    private struct Bin
    {
        private double _images;
        private Mean _loss;
        private Mean _norm;
        private Mean _rate;

        public long Rows { get; private set; }

        public void Add(in LogRow row)
        {
            Rows++;
            _images += row.Images;
            _loss.Add(row.Loss);
            _norm.Add(row.GradientNorm);
            _rate.Add(row.LearningRate);
        }

        public readonly CurvePoint Mean() => new(_images / Rows, _loss.Value, _norm.Value, _rate.Value, _loss.Count);
    }

    private struct Mean
    {
        private double _sum;

        public long Count { get; private set; }

        public readonly double Value => Count > 0 ? _sum / Count : double.NaN;

        public void Add(double value)
        {
            if (double.IsFinite(value))
            {
                _sum += value;
                Count++;
            }
        }
    }
}
