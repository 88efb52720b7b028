using ConsistencyModels.Editing;

namespace ConsistencyModels.Pipelines;

/// <summary>What an edit adds to a generation.</summary>
internal sealed record EditPlan
{
    /// <summary>What is put into x₀ after every step; null for none.</summary>
    public Replacement? Replacement { get; init; }

    /// <summary>[N, C, H, W] to start from in place of nothing but noise; empty for none.</summary>
    public ReadOnlyMemory<float> Start { get; init; }

    /// <summary>Whether noise of the first level is added to <see cref="Start"/>.</summary>
    public bool AddsNoise { get; init; } = true;

    /// <summary>Whether all images of the batch get the same noise.</summary>
    public bool SharesNoise { get; init; }
}
