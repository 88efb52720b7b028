namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// The standard error of a metric by leaving out one part of the samples after another (Efron 1982). Nothing is drawn at random, and no image counts twice,
/// which would move a Fréchet distance.
/// </summary>
public static class Jackknife
{
    /// <summary>Parts by default.</summary>
    public const int DefaultParts = 10;

    /// <summary>The standard error.</summary>
    /// <param name="samples">The samples; image i belongs to part i mod <paramref name="parts"/>.</param>
    /// <param name="parts">How many parts, 2 to the number of images.</param>
    /// <param name="metric">The metric of samples; called once a part.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not as many images as parts.</exception>
    public static double StandardError(FeatureMatrix samples, int parts, Func<FeatureMatrix, double> metric)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, samples.Count);
        var values = new double[parts];
        for (var part = 0; part < parts; part++)
        {
            int[] kept = [.. Enumerable.Range(0, samples.Count).Where(i => i % parts != part)];
            values[part] = metric(samples.Take(kept));
        }

        var mean = values.Average();
        return Math.Sqrt((parts - 1.0) / parts * values.Sum(value => (value - mean) * (value - mean)));
    }
}
