
namespace ConsistencyModels.Cpu;

/// <summary>A 3x3 convolution with stride 1 and padding 1.</summary>
internal sealed record ConvolutionSpec
{
    /// <summary>The input.</summary>
    public required Feature Input { get; init; }

    /// <summary>Whether each input pixel serves 2x2 pixels: nearest-neighbour doubling before the convolution.</summary>
    public bool DoubleInput { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights.</summary>
    public required PackedConvolution Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>Where the image's own bias is, or null.</summary>
    public TimeColumns? Time { get; init; }

    /// <summary>What is added, or null. Its source may be the output.</summary>
    public Residual? Residual { get; init; }

    /// <summary>Factor of the sum.</summary>
    public float Scale { get; init; } = 1;
}
