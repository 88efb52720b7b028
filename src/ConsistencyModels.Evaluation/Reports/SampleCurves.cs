using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Evaluation.Reports;

/// <summary>How a Fréchet distance depends on the number of samples, beside what real pictures reach.</summary>
public static class SampleCurves
{
    private const int Points = 6;

    /// <summary>The distance of the first n samples for growing n, and that of n reference images from the other half of the reference.</summary>
    /// <param name="samples">Features of the samples.</param>
    /// <param name="reference">Features of the reference.</param>
    /// <returns>Two curves, samples and floor; numbers that are no more than a vector's length are left out, for their covariance is singular.</returns>
    public static IReadOnlyList<PlotCurve> Frechet(FeatureMatrix samples, FeatureMatrix reference)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(reference);
        var real = FeatureStatistics.Of(reference);
        var curves = new List<PlotCurve> { new("samples", Curve(samples, samples.Count, real)) };

        // A data set is often sorted: its halves are drawn.
        var order = new TorchGenerator(0).Randperm(reference.Count);
        var half = reference.Count / 2;
        if (half > samples.Length)
        {
            var (some, others) = (reference.Take(order.AsSpan(0, half)), reference.Take(order.AsSpan(half)));
            curves.Add(new("real pictures", Curve(some, Math.Min(half, samples.Count), FeatureStatistics.Of(others))));
        }

        return curves;
    }

    private static (double, double)[] Curve(FeatureMatrix some, int most, FeatureStatistics others) =>
        [.. Numbers(most, some.Length + 1).Select(count => ((double)count, FrechetDistance.Between(FeatureStatistics.Of(some.First(count)), others)))];

    private static IEnumerable<int> Numbers(int most, int least) =>
        Enumerable.Range(0, Points).Select(i => most >> (Points - 1 - i)).Where(count => count >= least);
}
