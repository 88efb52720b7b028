namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>An image of the reference that is nearest to a sample.</summary>
/// <param name="Index">Which, in the reference.</param>
/// <param name="Distance">How far in feature space (not squared).</param>
public readonly record struct Neighbour(int Index, double Distance);

/// <summary>
/// The check for memorisation: every sample's nearest image of the training data, compared with how near the training images are to each other.
/// </summary>
public sealed class NearestNeighbours
{
    private const double NearPart = 0.01;

    private NearestNeighbours(Neighbour[] of, double median, double medianWithin, double near, double closer) =>
        (Of, Median, MedianWithinReference, NearWithinReference, CloserThanReference) = (of, median, medianWithin, near, closer);

    /// <summary>For every sample its nearest image.</summary>
    public IReadOnlyList<Neighbour> Of { get; }

    /// <summary>The middle one of the samples' distances.</summary>
    public double Median { get; }

    /// <summary>The middle one of the distances of a reference image to the nearest other one.</summary>
    public double MedianWithinReference { get; }

    /// <summary>The distance that 1 of 100 reference images have to the nearest other one, or less.</summary>
    public double NearWithinReference { get; }

    /// <summary>
    /// The part of the samples that are at most <see cref="NearWithinReference"/> from a reference image: about 0.01 for new pictures of the same kind,
    /// much more for copies.
    /// </summary>
    public double CloserThanReference { get; }

    /// <summary>Finds them.</summary>
    /// <param name="reference">The training images, at least 2.</param>
    /// <param name="samples">Generated ones.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ConsistencyModelsException">The reference has only one image.</exception>
    public static NearestNeighbours Find(FeatureMatrix reference, FeatureMatrix samples)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(samples);
        var found = new Neighbour[samples.Count];
        Distances.ForEach(samples, reference, (first, distances, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                var row = distances.Slice(i * reference.Count, reference.Count);
                var best = 0;
                for (var j = 1; j < row.Length; j++)
                {
                    best = row[j] < row[best] ? j : best;
                }

                found[first + i] = new(best, Math.Sqrt(row[best]));
            }
        });
        var within = Distances.Radii(reference, 1).Select(squared => Math.Sqrt(squared)).Order().ToArray();
        var near = within[(int)(NearPart * within.Length)];
        return new(
            found,
            found.Select(one => one.Distance).Order().ElementAt(found.Length / 2),
            within[within.Length / 2],
            near,
            (double)found.Count(one => one.Distance <= near) / found.Length);
    }
}
