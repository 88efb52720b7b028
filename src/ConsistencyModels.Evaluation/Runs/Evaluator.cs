using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>Computes metrics of samples against a reference.</summary>
/// <param name="extractor">Name of the extractor, which is part of every result's name.</param>
/// <param name="options">What is measured.</param>
public sealed class Evaluator(string extractor, EvaluationOptions options)
{
    private const int FewSamples = 10_000;

    /// <summary>
    /// Refuses what cannot be measured, before any picture is drawn.
    /// </summary>
    /// <param name="samples">How many samples there will be.</param>
    /// <param name="reference">The reference's count; null where it is not known.</param>
    /// <param name="onlyStatistics">Whether the reference has statistics only.</param>
    /// <param name="hasSpatial">Whether there are spatial features on both sides.</param>
    /// <param name="hasLogits">Whether the extractor has logits.</param>
    /// <exception cref="ConsistencyModelsException">There are too few images for a metric, or what it needs is missing.</exception>
    public void ThrowIfImpossible(long samples, long? reference, bool onlyStatistics, bool hasSpatial, bool hasLogits)
    {
        foreach (var metric in options.Metrics)
        {
            var word = EvaluationMetrics.WordOf(metric);
            if (onlyStatistics && metric is EvaluationMetric.Kernel or EvaluationMetric.PrecisionRecall or EvaluationMetric.DensityCoverage or EvaluationMetric.Neighbours)
            {
                throw new ConsistencyModelsException($"{word} compares pictures one by one, and the reference holds only their statistics; expected pictures (arr_0, a folder, a data set)");
            }

            if (metric == EvaluationMetric.SpatialFrechet && !hasSpatial)
            {
                throw new ConsistencyModelsException($"{word} needs spatial features, which {(extractor == "inception" ? "the reference does" : $"the extractor {extractor} does")} not have");
            }

            if (metric == EvaluationMetric.InceptionScore && !hasLogits)
            {
                throw new ConsistencyModelsException($"{word} needs logits, which the extractor {extractor} does not have");
            }

            var least = metric switch
            {
                EvaluationMetric.PrecisionRecall => options.PrecisionNeighbours + 1,
                EvaluationMetric.DensityCoverage => options.DensityNeighbours + 1,
                EvaluationMetric.InceptionScore or EvaluationMetric.Neighbours => 1,
                _ => 2,
            };
            if (samples < least && metric != EvaluationMetric.DensityCoverage)
            {
                throw new ConsistencyModelsException($"{word}: {samples} sample{(samples == 1 ? "" : "s")}, expected at least {least}");
            }

            if (metric != EvaluationMetric.InceptionScore && reference < Math.Max(2, least))
            {
                throw new ConsistencyModelsException($"{word}: the reference has {reference} image{(reference == 1 ? "" : "s")}, expected at least {Math.Max(2, least)}");
            }
        }
    }

    /// <summary>What is to be known about numbers of such sets, a sentence each.</summary>
    /// <param name="samples">How many samples.</param>
    /// <param name="reference">How many reference images; null where it is not known.</param>
    /// <param name="dimensions">Numbers in a feature vector.</param>
    public IReadOnlyList<string> Warnings(long samples, long? reference, int dimensions)
    {
        List<string> warnings = [];
        if (options.Metrics.Contains(EvaluationMetric.Frechet))
        {
            if (samples <= dimensions || reference <= dimensions)
            {
                var (count, what) = samples <= dimensions ? (samples, "samples") : (reference!.Value, "reference images");
                warnings.Add($"{count} {what} are no more than the {dimensions} numbers of a feature vector: their covariance is singular, and the Fréchet distance far too large");
            }
            else if (samples < FewSamples)
            {
                warnings.Add($"the Fréchet distance of {samples} samples is too large by an amount that depends on their number: compare it only with others of {samples}");
            }
        }

        if (reference is null)
        {
            warnings.Add("the reference does not say of how many images it is: compare only with numbers of the same file");
        }

        return warnings;
    }

    /// <summary>Computes the metrics.</summary>
    /// <param name="samples">Features of the samples.</param>
    /// <param name="reference">The reference, by the same extractor.</param>
    /// <param name="progress">Told what is computed next; null for nobody.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="ThrowIfImpossible"/>; or the two sets are of different extractors.</exception>
    public IReadOnlyList<EvaluationResult> Compute(ExtractedFeatures samples, EvaluationReference reference, Action<string>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(reference);
        ThrowIfImpossible(samples.Count, reference.Count, reference.Features is null, samples.Spatial is not null && (reference.Features is null ? reference.Spatial : (object?)reference.Features.Spatial) is not null, samples.Logits is not null);
        ThrowIfDifferent(samples.Features.Length, reference.Features?.Features.Length ?? reference.Statistics.Length);
        List<EvaluationResult> results = [];
        foreach (var metric in options.Metrics)
        {
            progress?.Invoke(EvaluationMetrics.WordOf(metric));
            results.AddRange(Compute(metric, samples, reference));
        }

        return results;
    }

    private IEnumerable<EvaluationResult> Compute(EvaluationMetric metric, ExtractedFeatures samples, EvaluationReference reference)
    {
        string Label(string inception, string other) => EvaluationMetrics.Label(inception, other, extractor);
        switch (metric)
        {
            case EvaluationMetric.Frechet:
                return [Frechet(Label("FID", "FD"), samples.Features, reference.Statistics)];
            case EvaluationMetric.SpatialFrechet:
                ThrowIfDifferent(samples.Spatial!.Length, reference.Spatial!.Length);
                return [Frechet(Label("sFID", "sFD"), samples.Spatial, reference.Spatial)];
            case EvaluationMetric.Kernel:
                var kernel = KernelDistance.Between(samples.Features, reference.Features!.Features, options.KernelSubsets, options.KernelSubsetSize, options.Seed);
                return [new(Label("KID", "KID"), kernel.Value, kernel.Spread)];
            case EvaluationMetric.InceptionScore:
                var score = InceptionScore.OfLogits(samples.Logits!, options.ScoreSplit);
                return [new(Label("IS", "IS"), score.Value, samples.Count > options.ScoreSplit ? score.Spread : null)];
            case EvaluationMetric.PrecisionRecall:
                var (precision, recall) = PrecisionRecall.Of(reference.Features!.Features, samples.Features, options.PrecisionNeighbours);
                return [new(Label("precision", "precision"), precision), new(Label("recall", "recall"), recall)];
            case EvaluationMetric.DensityCoverage:
                var (density, coverage) = DensityCoverage.Of(reference.Features!.Features, samples.Features, options.DensityNeighbours);
                return [new(Label("density", "density"), density), new(Label("coverage", "coverage"), coverage)];
            default:
                var nearest = NearestNeighbours.Find(reference.Features!.Features, samples.Features);
                return
                [
                    new(Label("nearest", "nearest"), nearest.Median), new(Label("nearest-within-reference", "nearest-within-reference"), nearest.MedianWithinReference),
                    new(Label("closer-than-reference", "closer-than-reference"), nearest.CloserThanReference),
                ];
        }
    }

    private EvaluationResult Frechet(string name, FeatureMatrix samples, FeatureStatistics reference)
    {
        var value = FrechetDistance.Between(FeatureStatistics.Of(samples), reference);
        var parts = options.JackknifeParts;
        return new(name, value, parts >= 2 && samples.Count >= 4 * parts ? Jackknife.StandardError(samples, parts, some => FrechetDistance.Between(FeatureStatistics.Of(some), reference)) : null);
    }

    private void ThrowIfDifferent(int samples, int reference)
    {
        if (samples != reference)
        {
            throw new ConsistencyModelsException($"the reference has vectors of {reference} numbers, and the extractor {extractor} gives {samples}: it was made by another one");
        }
    }
}
