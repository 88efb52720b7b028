using ConsistencyModels.Evaluation.Numerics;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// The Fréchet distance of two normal distributions fitted to features: |μ₁ - μ₂|² + tr Σ₁ + tr Σ₂ - 2 tr (Σ₁Σ₂)^½ (Heusel et al. 2017,
/// equation 6). With the Inception network's pool features it is FID, with its spatial features sFID; with any other features it has
/// another scale, and is no FID.
/// </summary>
/// <remarks>
/// With Σ₁ = L·Lᵀ the trace is that of (Lᵀ Σ₂ L)^½, the sum of the roots of a symmetric matrix's eigenvalues. That needs neither the
/// root of a matrix that is not symmetric nor a small number added to a singular one.
/// </remarks>
/// <example>
/// <code>
/// var extraction = new FeatureExtraction(extractor);
/// var distance = FrechetDistance.Between(extraction.Run(drawn)!.Features, extraction.Run(real)!.Features);
/// </code>
/// </example>
public static class FrechetDistance
{
    /// <summary>The distance; 0 for equal statistics, up to rounding (about 1e-6 of the traces where a covariance is singular).</summary>
    /// <param name="a">Statistics of one set.</param>
    /// <param name="b">Of the other, by the same extractor.</param>
    /// <exception cref="ArgumentException">They have different lengths.</exception>
    /// <exception cref="ConsistencyModelsException">The eigenvalues were not found.</exception>
    public static double Between(FeatureStatistics a, FeatureStatistics b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Length != b.Length)
        {
            throw new ArgumentException($"The two sets have vectors of {a.Length} and of {b.Length} numbers; expected the same extractor's.");
        }

        var n = a.Length;
        var sum = 0.0;
        for (var i = 0; i < n; i++)
        {
            var apart = a.Mean[i] - b.Mean[i];
            sum += (apart * apart) + a.Covariance[(i * n) + i] + b.Covariance[(i * n) + i];
        }

        // Rounding can take a distance of nothing below zero.
        return Math.Max(0, sum - (2 * RootTrace(a.Covariance, b.Covariance, n)));
    }

    /// <summary>The distance of two sets of features.</summary>
    /// <exception cref="ArgumentException">They have different lengths.</exception>
    /// <exception cref="ConsistencyModelsException">A set has only one image.</exception>
    public static double Between(FeatureMatrix a, FeatureMatrix b) => Between(FeatureStatistics.Of(a), FeatureStatistics.Of(b));

    /// <summary>tr (AB)^½ of two symmetric positive semidefinite matrices.</summary>
    internal static double RootTrace(double[] a, double[] b, int n)
    {
        var factor = PivotedCholesky.Factor(a, n, out var rank);
        if (rank == 0)
        {
            return 0;
        }

        var product = new double[rank * n];
        RowProducts.MultiplyParallel(factor, b, n, product);
        var symmetric = new double[rank * rank];
        RowProducts.MultiplyParallel(product, factor, n, symmetric);
        return SymmetricEigenvalues.Of(symmetric, rank).Sum(value => Math.Sqrt(Math.Max(0, value)));
    }
}
