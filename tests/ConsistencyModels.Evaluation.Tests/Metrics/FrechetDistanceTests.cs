using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace ConsistencyModels.Evaluation.Tests.Metrics;

public class FrechetDistanceTests
{
    [Theory]
    [InlineData(500, 40)]
    [InlineData(300, 131)]
    [InlineData(30, 70)]
    public void It_is_what_eigenvectors_of_a_library_give(int count, int length)
    {
        var (a, b) = (FeatureStatistics.Of(RandomFeatures.Of(count, length, 1)), FeatureStatistics.Of(RandomFeatures.Of(count + 7, length, 2, shift: 0.3f, scale: 1.5f)));
        Assert.Equal(ByEigenvectors(a, b), FrechetDistance.Between(a, b), 1e-6);
        Assert.Equal(FrechetDistance.Between(b, a), FrechetDistance.Between(a, b), 1e-6);
    }

    [Fact]
    public void Normal_distributions_that_are_known_have_the_distance_of_the_formula()
    {
        // Diagonal covariances: Σ (μ₁-μ₂)² + (σ₁-σ₂)².
        FeatureStatistics a = new([1, 2], [4, 0, 0, 9]), b = new([2, 4], [1, 0, 0, 16]);
        Assert.Equal(1 + 4 + 1 + 1, FrechetDistance.Between(a, b), 1e-12);
        Assert.Equal(0, FrechetDistance.Between(a, a), 1e-12);
        Assert.Equal(13, FrechetDistance.Between(a, new FeatureStatistics([1, 2], new double[4])), 1e-12);
    }

    [Fact]
    public void Statistics_of_different_lengths_are_refused() =>
        Assert.Throws<ArgumentException>(() => FrechetDistance.Between(new FeatureStatistics([1], [1]), new FeatureStatistics([1, 2], [1, 0, 0, 1])));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(57)]
    public void Eigenvalues_are_those_of_a_library(int n)
    {
        var random = RandomFeatures.Of(n, n, 5);
        var matrix = Matrix<double>.Build.Dense(n, n, (i, j) => random.Row(i)[j] + random.Row(j)[i]);
        var expected = matrix.Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real).Order().ToArray();
        var found = SymmetricEigenvalues.Of(matrix.ToRowMajorArray(), n).Order().ToArray();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-11 * n));
    }

    [Fact]
    public void A_factor_ends_at_the_rank()
    {
        // Five numbers, of which the last two are sums of the others.
        double[] a = [.. Covariance(3).Covariance];
        var factor = PivotedCholesky.Factor(a, 5, out var rank);
        Assert.Equal(3, rank);
        for (var i = 0; i < 5; i++)
        {
            for (var j = 0; j < 5; j++)
            {
                Assert.Equal(a[(i * 5) + j], Enumerable.Range(0, rank).Sum(k => factor[(k * 5) + i] * factor[(k * 5) + j]), 1e-9);
            }
        }

        static FeatureStatistics Covariance(int free)
        {
            var features = RandomFeatures.Of(50, free, 3);
            return FeatureStatistics.Of(new(
                [.. Enumerable.Range(0, 50).SelectMany(i => new[] { Whole(features.Row(i)[0]), Whole(features.Row(i)[1]), Whole(features.Row(i)[2]), Whole(features.Row(i)[0]) + Whole(features.Row(i)[1]), Whole(features.Row(i)[2]) - Whole(features.Row(i)[0]) })],
                5));
        }

        static float Whole(float value) => MathF.Round(value * 64);
    }

    private static double ByEigenvectors(FeatureStatistics a, FeatureStatistics b)
    {
        var n = a.Length;
        Matrix<double> first = Matrix<double>.Build.Dense(n, n, a.Covariance), second = Matrix<double>.Build.Dense(n, n, b.Covariance);
        var decomposed = first.Evd(Symmetricity.Symmetric);
        var root = decomposed.EigenVectors * Matrix<double>.Build.DenseOfDiagonalVector(decomposed.EigenValues.Map(value => Math.Sqrt(Math.Max(0, value.Real)))) * decomposed.EigenVectors.Transpose();
        var product = root * second * root;
        var trace = ((product + product.Transpose()) / 2).Evd(Symmetricity.Symmetric).EigenValues.Sum(value => Math.Sqrt(Math.Max(0, value.Real)));
        return a.Mean.Zip(b.Mean, (x, y) => (x - y) * (x - y)).Sum() + first.Trace() + second.Trace() - (2 * trace);
    }
}
