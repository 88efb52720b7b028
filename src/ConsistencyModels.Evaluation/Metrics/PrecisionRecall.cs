namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// How much of one set lies within the other's manifold, the union of balls around its images that reach to the k-th nearest neighbour
/// (Kynkäänniemi et al. 2019, as openai's evaluator computes it).
/// </summary>
/// <param name="Precision">The part of the samples that lies in the reference's manifold: do the pictures look real?</param>
/// <param name="Recall">The part of the reference that lies in the samples' manifold: is everything drawn?</param>
public readonly record struct PrecisionRecall(double Precision, double Recall)
{
    /// <summary>Neighbours, as in the original.</summary>
    public const int DefaultNeighbours = 3;

    /// <summary>Both parts, 0 to 1.</summary>
    /// <param name="reference">Real images, more than k.</param>
    /// <param name="samples">Generated ones, more than k.</param>
    /// <param name="k">How many neighbours a ball reaches over, 1 to 100.</param>
    /// <exception cref="ArgumentException">The lengths differ, or k is out of its range.</exception>
    /// <exception cref="ConsistencyModelsException">A set has no more than k images.</exception>
    public static PrecisionRecall Of(FeatureMatrix reference, FeatureMatrix samples, int k = DefaultNeighbours)
    {
        Neighbours.ThrowIfInvalid(reference, samples, k);
        var (real, drawn) = (Distances.Radii(reference, k), Distances.Radii(samples, k));
        var sampleInside = new bool[samples.Count];
        var referenceInside = new bool[reference.Count];
        Distances.ForEach(samples, reference, (first, distances, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                var row = distances.Slice(i * reference.Count, reference.Count);
                var radius = drawn[first + i];
                for (var j = 0; j < row.Length; j++)
                {
                    sampleInside[first + i] |= row[j] <= real[j];
                    if (row[j] <= radius)
                    {
                        // Several threads may say so: it never becomes false again.
                        referenceInside[j] = true;
                    }
                }
            }
        });
        return new(Part(sampleInside), Part(referenceInside));
    }

    private static double Part(bool[] inside) => (double)inside.Count(one => one) / inside.Length;
}

/// <summary>What both metrics by neighbours ask of their arguments.</summary>
internal static class Neighbours
{
    private const int Most = 100;

    public static void ThrowIfInvalid(FeatureMatrix reference, FeatureMatrix samples, int k)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(samples);
        FeatureMatrix.ThrowIfDifferent(reference, samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, Most);
    }
}
