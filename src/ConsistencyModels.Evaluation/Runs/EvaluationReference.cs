using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.References;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>What samples are compared with: features of real pictures, or only their statistics.</summary>
public sealed class EvaluationReference
{
    private readonly Lazy<FeatureStatistics> _statistics;
    private readonly Lazy<FeatureStatistics?> _spatial;

    /// <summary>Real pictures' features.</summary>
    public EvaluationReference(ExtractedFeatures features)
    {
        ArgumentNullException.ThrowIfNull(features);
        Features = features;
        _statistics = new(() => FeatureStatistics.Of(features.Features));
        _spatial = new(() => features.Spatial is null ? null : FeatureStatistics.Of(features.Spatial));
        Count = features.Count;
    }

    /// <summary>Statistics of a file.</summary>
    public EvaluationReference(StatisticsFile statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        _statistics = new(statistics.Features);
        _spatial = new(statistics.Spatial);
        Count = statistics.Features.Count;
    }

    /// <summary>The features; null where there are only statistics.</summary>
    public ExtractedFeatures? Features { get; }

    /// <summary>How many images; null where a file does not say.</summary>
    public long? Count { get; }

    /// <summary>Mean and covariance of the features.</summary>
    public FeatureStatistics Statistics => _statistics.Value;

    /// <summary>Of the spatial features; null where there are none.</summary>
    public FeatureStatistics? Spatial => _spatial.Value;
}
