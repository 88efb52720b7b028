namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>Mean and covariance of features, all that the Fréchet distance asks for.</summary>
public sealed class FeatureStatistics
{
    /// <summary>Statistics in memory.</summary>
    /// <param name="mean">d numbers.</param>
    /// <param name="covariance">d x d numbers, symmetric; divided by n - 1, as numpy's <c>cov</c> does.</param>
    /// <param name="count">How many images they are of; null where the file does not say.</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other.</exception>
    /// <exception cref="ConsistencyModelsException">A number is not finite, or the covariance is not symmetric.</exception>
    public FeatureStatistics(double[] mean, double[] covariance, long? count = null)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(covariance);
        if (mean.Length == 0 || covariance.LongLength != (long)mean.Length * mean.Length)
        {
            throw new ArgumentException($"A covariance of {covariance.Length} numbers does not belong to a mean of {mean.Length}.", nameof(covariance));
        }

        if (!mean.All(double.IsFinite) || !covariance.All(double.IsFinite))
        {
            throw new ConsistencyModelsException("the statistics have numbers that are not finite (NaN or infinite)");
        }

        (Mean, Covariance, Count) = (mean, covariance, count);
        ThrowIfNotSymmetric();
    }

    /// <summary>Numbers in a feature vector.</summary>
    public int Length => Mean.Length;

    /// <summary>The mean; not to be written.</summary>
    public double[] Mean { get; }

    /// <summary>The covariance, row by row; not to be written.</summary>
    public double[] Covariance { get; }

    /// <summary>How many images they are of; null where that is not known.</summary>
    public long? Count { get; }

    /// <summary>Statistics of features.</summary>
    /// <exception cref="ConsistencyModelsException">There is only one image, which has no covariance.</exception>
    public static FeatureStatistics Of(FeatureMatrix features)
    {
        ArgumentNullException.ThrowIfNull(features);
        var moments = new FeatureMoments(features.Length);
        moments.Add(features.Values);
        return moments.ToStatistics();
    }

    private void ThrowIfNotSymmetric()
    {
        var n = Length;
        var scale = 0.0;
        for (var i = 0; i < n; i++)
        {
            scale = Math.Max(scale, Math.Abs(Covariance[(i * n) + i]));
        }

        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (Math.Abs(Covariance[(i * n) + j] - Covariance[(j * n) + i]) > 1e-6 * scale)
                {
                    throw new ConsistencyModelsException($"the covariance is not symmetric: [{i}, {j}] is {Covariance[(i * n) + j]:R}, [{j}, {i}] is {Covariance[(j * n) + i]:R}");
                }
            }
        }
    }
}
