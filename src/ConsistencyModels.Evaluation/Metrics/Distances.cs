using System.Numerics.Tensors;
using ConsistencyModels.Evaluation.Numerics;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>Squared distances of all pairs of two sets, a few rows at a time: |u|² - 2u·v + |v|² in float32, never below 0.</summary>
internal static class Distances
{
    private const int ColumnBlock = 256;

    /// <summary>What is done with the distances of some neighbours of the first set to all of the second.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="distances">count rows of as many distances as the second set has images.</param>
    /// <param name="count">How many.</param>
    public delegate void Consumer(int first, ReadOnlySpan<float> distances, int count);

    /// <summary>Squared lengths.</summary>
    public static float[] SquaredLengths(FeatureMatrix features)
    {
        var lengths = new float[features.Count];
        for (var i = 0; i < lengths.Length; i++)
        {
            lengths[i] = TensorPrimitives.SumOfSquares(features.Row(i));
        }

        return lengths;
    }

    /// <summary>Goes through all pairs on all cores.</summary>
    /// <param name="a">The first set.</param>
    /// <param name="b">The second set, of vectors of the same length.</param>
    /// <param name="consume">Called for different rows from several threads at once.</param>
    public static void ForEach(FeatureMatrix a, FeatureMatrix b, Consumer consume)
    {
        FeatureMatrix.ThrowIfDifferent(a, b);
        const int Block = RowProducts.Block;
        var (lengthsA, lengthsB) = (SquaredLengths(a), SquaredLengths(b));
        Parallel.For(0, (a.Count + Block - 1) / Block, () => new float[Block * b.Count], (block, _, distances) =>
        {
            var first = block * Block;
            var rows = Math.Min(Block, a.Count - first);
            for (var column = 0; column < b.Count; column += ColumnBlock)
            {
                var columns = Math.Min(ColumnBlock, b.Count - column);
                RowProducts.Multiply(
                    a.Values.Slice(first * a.Length, rows * a.Length),
                    b.Values.Slice(column * b.Length, columns * b.Length),
                    a.Length,
                    distances.AsSpan(column),
                    b.Count);
            }

            for (var i = 0; i < rows; i++)
            {
                var row = distances.AsSpan(i * b.Count, b.Count);
                var length = lengthsA[first + i];
                for (var j = 0; j < row.Length; j++)
                {
                    row[j] = Math.Max(0, length - (2 * row[j]) + lengthsB[j]);
                }
            }

            consume(first, distances.AsSpan(0, rows * b.Count), rows);
            return distances;
        }, static _ => { });
    }

    /// <summary>For every image the squared distance to its k-th nearest of the same set, itself not counted.</summary>
    public static float[] Radii(FeatureMatrix features, int k)
    {
        if (features.Count <= k)
        {
            throw new ConsistencyModelsException($"{features.Count} image{(features.Count == 1 ? "" : "s")}: the distance to neighbour {k} needs at least {k + 1}");
        }

        var radii = new float[features.Count];
        ForEach(features, features, (first, distances, count) =>
        {
            Span<float> nearest = stackalloc float[k];
            for (var i = 0; i < count; i++)
            {
                nearest.Fill(float.PositiveInfinity);
                var row = distances.Slice(i * features.Count, features.Count);
                for (var j = 0; j < row.Length; j++)
                {
                    if (row[j] < nearest[^1] && j != first + i)
                    {
                        Insert(nearest, row[j]);
                    }
                }

                radii[first + i] = nearest[^1];
            }
        });
        return radii;
    }

    private static void Insert(Span<float> sorted, float value)
    {
        var at = sorted.Length - 1;
        while (at > 0 && sorted[at - 1] > value)
        {
            sorted[at] = sorted[at - 1];
            at--;
        }

        sorted[at] = value;
    }
}
