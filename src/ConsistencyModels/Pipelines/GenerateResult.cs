using ConsistencyModels.Pixels;

namespace ConsistencyModels.Pipelines;

/// <summary>What <see cref="ConsistencyModelPipeline.Generate"/> made. The memory belongs to the caller.</summary>
public sealed class GenerateResult
{
    internal GenerateResult(
        OutputType outputType,
        ImageShape shape,
        IReadOnlyList<ImageBuffer> images,
        float[] values,
        IReadOnlyList<int>? classLabels,
        IReadOnlyList<ulong> seeds,
        int networkEvaluations)
    {
        OutputType = outputType;
        Shape = shape;
        Images = images;
        Values = values;
        ClassLabels = classLabels;
        Seeds = seeds;
        NetworkEvaluations = networkEvaluations;
    }

    /// <summary>What was asked for: says which of <see cref="Images"/> and <see cref="Values"/> is filled.</summary>
    public OutputType OutputType { get; }

    /// <summary>Number, channels and size of the images.</summary>
    public ImageShape Shape { get; }

    /// <summary>The pictures for <see cref="OutputType.Images"/>; empty otherwise.</summary>
    public IReadOnlyList<ImageBuffer> Images { get; }

    /// <summary>
    /// The floats for the other output types: [N, H, W, C] in [0, 1] for <see cref="OutputType.Array"/>, [N, C, H, W] in [0, 1] for
    /// <see cref="OutputType.Tensor"/>, [N, C, H, W] nominally in [-1, 1] for <see cref="OutputType.Raw"/>. Empty for images.
    /// </summary>
    public float[] Values { get; }

    /// <summary>The class of each image, given or drawn; null for a model without classes.</summary>
    public IReadOnlyList<int>? ClassLabels { get; }

    /// <summary>
    /// The seed of the batch, or one an image; given or chosen. With them and the same options the images come again.
    /// Empty if a generator was given: its state before the call is the caller's.
    /// </summary>
    public IReadOnlyList<ulong> Seeds { get; }

    /// <summary>Network evaluations an image took (NFE): the number of steps.</summary>
    public int NetworkEvaluations { get; }

    internal GenerateResult WithSeeds(IReadOnlyList<ulong> seeds) =>
        new(OutputType, Shape, Images, Values, ClassLabels, seeds, NetworkEvaluations);
}
