using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Evaluation.Runs;

/// <summary>What is measured, and the numbers that results depend on beside the pictures.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The metrics, in the order of the results.</summary>
    public IReadOnlyList<EvaluationMetric> Metrics { get; init; } = [EvaluationMetric.Frechet];

    /// <summary>Neighbours of precision and recall.</summary>
    public int PrecisionNeighbours { get; init; } = PrecisionRecall.DefaultNeighbours;

    /// <summary>Neighbours of density and coverage.</summary>
    public int DensityNeighbours { get; init; } = DensityCoverage.DefaultNeighbours;

    /// <summary>Subsets of the kernel distance.</summary>
    public int KernelSubsets { get; init; } = KernelDistance.DefaultSubsets;

    /// <summary>Images in each of them, at most.</summary>
    public int KernelSubsetSize { get; init; } = KernelDistance.DefaultSubsetSize;

    /// <summary>Seed of what is drawn at random.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images in a group of the Inception Score.</summary>
    public int ScoreSplit { get; init; } = InceptionScore.DefaultSplit;

    /// <summary>Parts of the jackknife that the Fréchet distances' standard error comes from; 0 for none.</summary>
    public int JackknifeParts { get; init; } = Jackknife.DefaultParts;
}

/// <summary>A number with its name.</summary>
/// <param name="Name">What it is, with the extractor it depends on: <c>FID</c>, <c>FD-resnet18</c>.</param>
/// <param name="Value">The number.</param>
/// <param name="Spread">Its standard error or deviation; null where there is none.</param>
public sealed record EvaluationResult(string Name, double Value, double? Spread = null);
