namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// Precision and recall that a single outlier does not move (Naeem et al. 2020): balls around the reference only, which reach to its k-th
/// nearest neighbour.
/// </summary>
/// <param name="Density">In how many of the balls a sample lies, divided by k: near 1 for equal distributions, and above for a part of them.</param>
/// <param name="Coverage">The part of the balls that have a sample in them, 0 to 1.</param>
public readonly record struct DensityCoverage(double Density, double Coverage)
{
    /// <summary>Neighbours, as in the original.</summary>
    public const int DefaultNeighbours = 5;

    /// <summary>Both numbers.</summary>
    /// <param name="reference">Real images, more than k.</param>
    /// <param name="samples">Generated ones.</param>
    /// <param name="k">How many neighbours a ball reaches over, 1 to 100.</param>
    /// <exception cref="ArgumentException">The lengths differ, or k is out of its range.</exception>
    /// <exception cref="ConsistencyModelsException">The reference has no more than k images.</exception>
    public static DensityCoverage Of(FeatureMatrix reference, FeatureMatrix samples, int k = DefaultNeighbours)
    {
        Neighbours.ThrowIfInvalid(reference, samples, k);
        var radii = Distances.Radii(reference, k);
        var inside = new int[reference.Count];
        Distances.ForEach(reference, samples, (first, distances, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                var radius = radii[first + i];
                foreach (var distance in distances.Slice(i * samples.Count, samples.Count))
                {
                    inside[first + i] += distance < radius ? 1 : 0;
                }
            }
        });
        return new(
            inside.Sum(count => (double)count) / ((double)k * samples.Count),
            (double)inside.Count(count => count > 0) / reference.Count);
    }
}
