
namespace ConsistencyModels.Cpu;

/// <summary>A 3x3 convolution for which pixels' surroundings are gathered: with stride 2, or of the network's input.</summary>
internal sealed record GatherSpec
{
    /// <summary>The input, or null for the call's sample in NCHW order.</summary>
    public Feature? Input { get; init; }

    /// <summary>Size and channels of the input.</summary>
    public required (int Height, int Width, int Channels) InputSize { get; init; }

    /// <summary>Whether the sample x is taken as 2x - 1.</summary>
    public bool Center { get; init; }

    /// <summary>The result.</summary>
    public required Feature Output { get; init; }

    /// <summary>Weights: rows are taps, then channels.</summary>
    public required PackedMatrix Weights { get; init; }

    /// <summary>Bias.</summary>
    public required PackedVector Bias { get; init; }

    /// <summary>1 or 2.</summary>
    public required int Stride { get; init; }

    /// <summary>Rows and columns of zeros above and left of the image; as many as needed follow below and right.</summary>
    public required int Padding { get; init; }
}
