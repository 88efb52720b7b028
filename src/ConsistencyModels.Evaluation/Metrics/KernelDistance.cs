using ConsistencyModels.Evaluation.Numerics;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// The kernel distance (KID with the Inception network): the unbiased squared maximum mean discrepancy with the kernel (x·y/d + 1)³ over
/// subsets of both sets (Bińkowski et al. 2018). Unlike the Fréchet distance it has no bias that depends on the number of images.
/// </summary>
public static class KernelDistance
{
    /// <summary>Subsets drawn, as in the original.</summary>
    public const int DefaultSubsets = 100;

    /// <summary>Images in a subset, as in the original; fewer where a set has fewer.</summary>
    public const int DefaultSubsetSize = 1000;

    /// <summary>The distance.</summary>
    /// <param name="a">One set, at least 2 images.</param>
    /// <param name="b">The other, at least 2 images.</param>
    /// <param name="subsets">How many subsets are drawn, at least 1.</param>
    /// <param name="subsetSize">Images in each, at least 2.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <returns>The mean over the subsets and their standard deviation, without one where every subset is all of both sets. It can be below zero.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    /// <exception cref="ConsistencyModelsException">A set has only one image.</exception>
    public static MetricValue Between(
        FeatureMatrix a, FeatureMatrix b, int subsets = DefaultSubsets, int subsetSize = DefaultSubsetSize, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        FeatureMatrix.ThrowIfDifferent(a, b);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsetSize, 2);
        var size = Math.Min(subsetSize, Math.Min(a.Count, b.Count));
        if (size < 2)
        {
            throw new ConsistencyModelsException("one image: the kernel distance needs at least 2 on both sides");
        }

        if (size == a.Count && size == b.Count)
        {
            // Every subset would be all there is, and their deviation rounding.
            return new(Discrepancy(a, b));
        }

        var generator = new TorchGenerator(seed);
        var drawn = new (int[] A, int[] B)[subsets];
        for (var i = 0; i < subsets; i++)
        {
            drawn[i] = (generator.Randperm(a.Count)[..size], generator.Randperm(b.Count)[..size]);
        }

        var values = new double[subsets];
        Parallel.For(0, subsets, i => values[i] = Discrepancy(a.Take(drawn[i].A), b.Take(drawn[i].B)));
        return MetricValue.OfParts(values);
    }

    private static double Discrepancy(FeatureMatrix x, FeatureMatrix y)
    {
        double n = x.Count;
        return ((KernelSum(x, x, diagonal: false) + KernelSum(y, y, diagonal: false)) / (n * (n - 1))) - (2 * KernelSum(x, y, diagonal: true) / (n * n));
    }

    private static double KernelSum(FeatureMatrix x, FeatureMatrix y, bool diagonal)
    {
        const int Block = RowProducts.Block;
        var products = new float[Block * y.Count];
        var sum = 0.0;
        for (var start = 0; start < x.Count; start += Block)
        {
            var rows = Math.Min(Block, x.Count - start);
            RowProducts.Multiply(x.Values.Slice(start * x.Length, rows * x.Length), y.Values, x.Length, products, y.Count);
            for (var i = 0; i < rows; i++)
            {
                for (var j = 0; j < y.Count; j++)
                {
                    if (diagonal || j != start + i)
                    {
                        var kernel = ((double)products[(i * y.Count) + j] / x.Length) + 1;
                        sum += kernel * kernel * kernel;
                    }
                }
            }
        }

        return sum;
    }
}
