using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Objectives.Metrics;

/// <summary>A distance that a network measures: LPIPS.</summary>
/// <param name="Distance">What measures; borrowed: whoever made it disposes it when no objective uses it any more.</param>
public sealed record PerceptualMetric(IImageDistance Distance) : IMetric
{
    // As openai's training has it: what is smaller than the networks' pictures is brought to their size.
    private const int NetworkSize = 224;
    private const int LargeEnough = 256;

    /// <summary>The metric as openai's consistency models were trained with it: images below 256 pixels are brought to 224 first.</summary>
    /// <param name="distance">What measures; borrowed.</param>
    public static IMetric Resized(IImageDistance distance) => new ResizedMetric(new PerceptualMetric(distance), NetworkSize, LargeEnough);

    /// <inheritdoc/>
    public void Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient) =>
        Distance.Measure(output, target, shape, distances, gradient);
}
