using ConsistencyModels.Pixels;

namespace ConsistencyModels.Pipelines;

/// <summary>What a pipeline hands back.</summary>
public enum OutputType
{
    /// <summary>Pictures of bytes (diffusers' <c>"pil"</c>): 255·x rounded half to even. For 1, 3 or 4 channels.</summary>
    Images,

    /// <summary>Floats [N, H, W, C] in [0, 1] (diffusers' <c>"np"</c>).</summary>
    Array,

    /// <summary>Floats [N, C, H, W] in [0, 1] (diffusers' <c>"pt"</c>).</summary>
    Tensor,

    /// <summary>Floats [N, C, H, W] as the sampler left them, nominally in [-1, 1]: what editors, evaluators and trainers take.</summary>
    Raw,
}

/// <summary>What a pipeline made in one batch. The memory belongs to the caller.</summary>
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
    /// <see cref="OutputType.Tensor"/>, [N, C, H, W] nominally in [-1, 1] for <see cref="OutputType.Raw"/>. Empty for images, and
    /// where the floats went to the caller's own memory.
    /// </summary>
    public float[] Values { get; }

    /// <summary>The class of each image, given or drawn; null for a model without classes.</summary>
    public IReadOnlyList<int>? ClassLabels { get; }

    /// <summary>
    /// The seed of the batch, or one per image; given or chosen. With them and the same options the images come again.
    /// Empty if a generator was given: its state before the call is the caller's.
    /// </summary>
    public IReadOnlyList<ulong> Seeds { get; }

    /// <summary>Calls of the network per image (NFE).</summary>
    public int NetworkEvaluations { get; }
}

/// <summary>One image of a stream. The memory belongs to the caller.</summary>
/// <param name="Index">Its place in the stream, from 0.</param>
/// <param name="Seed">Its seed, which gives it again in any other stream or batch.</param>
/// <param name="ClassLabel">Its class, given or drawn; null for a model without classes.</param>
/// <param name="Shape">Channels and size; the batch is 1.</param>
public sealed record GeneratedImage(int Index, ulong Seed, int? ClassLabel, ImageShape Shape)
{
    private readonly ImageBuffer? _image;

    /// <summary>The picture.</summary>
    /// <exception cref="InvalidOperationException">The stream is one of floats: its output type is not <see cref="OutputType.Images"/>.</exception>
    public ImageBuffer Image
    {
        get => _image ?? throw new InvalidOperationException($"This is a stream of floats; ask for {nameof(OutputType)}.{nameof(OutputType.Images)} to get pictures.");
        internal init => _image = value;
    }

    /// <summary>The floats, as <see cref="GenerateResult.Values"/> of a batch of one; empty for a stream of pictures.</summary>
    public float[] Values { get; internal init; } = [];
}
