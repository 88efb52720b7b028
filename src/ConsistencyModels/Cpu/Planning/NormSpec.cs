using ConsistencyModels.Cpu.Packing;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>What a <see cref="NormStep"/> does.</summary>
internal sealed record NormSpec
{
    /// <summary>One feature, or two of the same size that are concatenated.</summary>
    public required Feature[] Inputs { get; init; }

    /// <summary>The result, with the inputs' channels; may be the input itself if there is one and <see cref="Halve"/> is false.</summary>
    public required Feature Output { get; init; }

    /// <summary>Factors.</summary>
    public required PackedVector Weight { get; init; }

    /// <summary>Shifts.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>Number of groups.</summary>
    public required int Groups { get; init; }

    /// <summary>Added to the variance.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Whether SiLU follows; always with <see cref="Halve"/>.</summary>
    public bool SiLU { get; init; }

    /// <summary>Where the time embedding's scale and shift are, or null.</summary>
    public TimeColumns? Time { get; init; }

    /// <summary>Whether the output is the mean of 2x2 pixels.</summary>
    public bool Halve { get; init; }

    /// <summary>With <see cref="Halve"/>: receives the mean of 2x2 pixels of the input, or null.</summary>
    public Feature? HalvedInput { get; init; }

    /// <summary>Whether means and deviations are wanted later.</summary>
    public bool KeepsMoments { get; init; }
}
