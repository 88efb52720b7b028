
namespace ConsistencyModels.Cpu;

/// <summary>A linear layer over pixels: a 1x1 convolution, or attention's projections.</summary>
internal sealed record LinearSpec
{
    /// <summary>One feature, or two of the same size whose channels are concatenated.</summary>
    public required Feature[] Inputs { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights.</summary>
    public required PackedMatrix Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>A feature that is added, or null. May be the output.</summary>
    public Feature? Residual { get; init; }

    /// <summary>Factor of the sum.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Whether SiLU follows.</summary>
    public bool SiLU { get; init; }
}
