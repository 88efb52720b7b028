using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Evaluation.Features;

/// <summary>All that an extractor says of a set of images.</summary>
/// <param name="Features">The features.</param>
/// <param name="Spatial">Spatial features for sFID, where the extractor has them.</param>
/// <param name="Logits">Logits for the Inception Score, where the extractor has them.</param>
public sealed record ExtractedFeatures(FeatureMatrix Features, FeatureMatrix? Spatial = null, FeatureMatrix? Logits = null)
{
    /// <summary>How many images.</summary>
    public int Count => Features.Count;

    /// <summary>Those of the first images.</summary>
    /// <param name="count">How many, 1 to <see cref="Count"/>.</param>
    public ExtractedFeatures First(int count) => new(Features.First(count), Spatial?.First(count), Logits?.First(count));
}

/// <summary>How far the extraction is.</summary>
/// <param name="Done">Images whose features are there.</param>
/// <param name="Total">Images of this process.</param>
public readonly record struct ExtractionProgress(int Done, int Total);
