namespace ConsistencyModels.Evaluation.Runs;

/// <summary>What can be measured.</summary>
public enum EvaluationMetric
{
    /// <summary>The Fréchet distance of features: FID with the Inception network.</summary>
    Frechet,

    /// <summary>The Fréchet distance of spatial features: sFID.</summary>
    SpatialFrechet,

    /// <summary>The kernel distance: KID.</summary>
    Kernel,

    /// <summary>The Inception Score; looks at the samples only.</summary>
    InceptionScore,

    /// <summary>Precision and recall.</summary>
    PrecisionRecall,

    /// <summary>Density and coverage.</summary>
    DensityCoverage,

    /// <summary>The check for memorisation.</summary>
    Neighbours,
}

/// <summary>Names of metrics on a command line and in results.</summary>
public static class EvaluationMetrics
{
    private static readonly (EvaluationMetric Metric, string Word, string? Inception)[] Table =
    [
        (EvaluationMetric.Frechet, "fd", "fid"),
        (EvaluationMetric.SpatialFrechet, "sfd", "sfid"),
        (EvaluationMetric.Kernel, "kd", "kid"),
        (EvaluationMetric.InceptionScore, "is", null),
        (EvaluationMetric.PrecisionRecall, "pr", null),
        (EvaluationMetric.DensityCoverage, "dc", null),
        (EvaluationMetric.Neighbours, "nn", null),
    ];

    /// <summary>The words there are.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Table.Select(row => row.Word)];

    /// <summary>A metric's word: <c>fd</c>, <c>kd</c>, ...</summary>
    public static string WordOf(EvaluationMetric metric) => Table.First(row => row.Metric == metric).Word;

    /// <summary>Reads words; <c>fid</c>, <c>sfid</c> and <c>kid</c> are taken for the Inception network only.</summary>
    /// <param name="words">Words such as <c>fd</c>.</param>
    /// <param name="extractor">Name of the extractor.</param>
    /// <exception cref="ConsistencyModelsException">A word is not known, or names a metric of another extractor.</exception>
    public static IReadOnlyList<EvaluationMetric> Parse(IEnumerable<string> words, string extractor)
    {
        ArgumentNullException.ThrowIfNull(words);
        List<EvaluationMetric> metrics = [];
        foreach (var word in words.Select(word => word.Trim().ToLowerInvariant()))
        {
            var row = Table.FirstOrDefault(row => row.Word == word || row.Inception == word);
            if (row.Word is null)
            {
                throw new ConsistencyModelsException($"there is no metric '{word}'; expected {string.Join(", ", Words)}");
            }

            if (row.Inception == word && extractor != "inception")
            {
                throw new ConsistencyModelsException($"{word} is defined with the extractor inception, and this is {extractor}; expected {row.Word}, which is another number");
            }

            if (!metrics.Contains(row.Metric))
            {
                metrics.Add(row.Metric);
            }
        }

        return metrics.Count > 0 ? metrics : throw new ConsistencyModelsException($"no metric is named; expected some of {string.Join(", ", Words)}");
    }

    /// <summary>How results call a number: FID with the Inception network, else with the extractor's name.</summary>
    internal static string Label(string inception, string other, string extractor) => extractor == "inception" ? inception : $"{other}-{extractor}";
}
