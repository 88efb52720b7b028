using System.Globalization;
using ConsistencyModels.Denoising;
using ConsistencyModels.Files;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Pipelines;

/// <summary>What generating and editing have in common.</summary>
public abstract record DrawingOptions
{
    private protected DrawingOptions()
    {
    }

    /// <summary>
    /// The sampler; null for the pipeline's own in the number of steps given: multistep sampling for a consistency model, Heun's
    /// method for a diffusion model. Goes with neither a number of steps nor <see cref="Timesteps"/>.
    /// </summary>
    public ISampler? Sampler { get; init; }

    /// <summary>
    /// A custom schedule of multistep sampling in place of a number of steps: strictly descending indices in
    /// [0, num_train_timesteps). Index 0 is σ_max, and the list is used backwards: [22, 0] starts at σ_max and goes on at the level
    /// of index 22.
    /// </summary>
    public IReadOnlyList<int>? Timesteps { get; init => field = ValueList<int>.OfOrNull(value); }

    /// <summary>
    /// Classes in [0, number of classes): one per image, or a single one for all. Null draws them from the generator, after the
    /// latents. A model without classes ignores them, as diffusers does; <see cref="GenerateResult.ClassLabels"/> is null then.
    /// </summary>
    public IReadOnlyList<int>? ClassLabels { get; init => field = ValueList<int>.OfOrNull(value); }

    /// <summary>
    /// One seed for the whole batch: the numbers of <c>torch.manual_seed</c> and one <c>torch.randn</c> of the batch. At most one of
    /// <see cref="Seed"/>, <see cref="Seeds"/> and <see cref="Generator"/> is given; with none a fresh seed is chosen and reported.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>One seed per image, diffusers' list of generators: an image then depends neither on its batch nor on its place in it.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init => field = ValueList<ulong>.OfOrNull(value); }

    /// <summary>
    /// A generator to go on with, such as a <see cref="TorchGenerator"/>, or a <see cref="PerImageGenerator"/> with one for each image.
    /// It is advanced by the draws; no other thread may use it meanwhile.
    /// </summary>
    public INoiseGenerator? Generator { get; init; }

    /// <summary>
    /// Standard normal numbers to start from, [N, C, H, W]; empty draws them. They are multiplied by the first noise level, as
    /// drawn ones are.
    /// </summary>
    public ReadOnlyMemory<float> Latents { get; init; }

    /// <summary>What to hand back.</summary>
    public OutputType OutputType { get; init; } = OutputType.Images;

    /// <summary>
    /// Draws with overlapping windows of the model's own size, blended at every network call, so that images may be larger than
    /// the model and of any size; null hands whole images to the network, whose sides must be multiples of its
    /// <c>SpatialFactor</c> then.
    /// </summary>
    public TileOptions? Tiles { get; init; }

    /// <summary>Called after every <see cref="CallbackSteps"/>-th step, beginning with the first.</summary>
    public SamplingCallback? Callback { get; init; }

    /// <summary>How often <see cref="Callback"/> is called, at least 1.</summary>
    public int CallbackSteps { get; init; } = 1;

    /// <summary>Receives how far the work is, after every call of the denoiser.</summary>
    public IProgress<SamplingProgress>? Progress { get; init; }
}

/// <summary>The parameters of <see cref="DiffusionPipeline.Generate(GenerateOptions?, CancellationToken)"/>: those of diffusers' <c>ConsistencyModelPipeline.__call__</c> and a few more.</summary>
public sealed record GenerateOptions : DrawingOptions
{
    /// <summary>
    /// Number of images, at least 1. Null: as many as there are seeds, streams in a <see cref="PerImageGenerator"/> or class
    /// labels; else 1, as in diffusers. For a stream of images it is how many are drawn at once.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>
    /// Number of steps, at least 1. Where nothing is said it is 1 for a consistency model (10 with tiles) and 18 for a diffusion
    /// model. A consistency model has its own for that number, or equally spaced ones; at most the scheduler's <c>num_train_timesteps</c>. Not used when
    /// <see cref="DrawingOptions.Timesteps"/> is given; null only with those or with a <see cref="DrawingOptions.Sampler"/>.
    /// </summary>
    public int? NumInferenceSteps
    {
        get;
        init
        {
            field = value;
            HasSteps = true;
        }
    } = 1;

    /// <summary>Height in pixels; null for the size the network was made for.</summary>
    public int? Height { get; init; }

    /// <summary>Width in pixels; null for the size the network was made for.</summary>
    public int? Width { get; init; }

    /// <summary>Whether <see cref="NumInferenceSteps"/> is somebody's word and not the default.</summary>
    internal bool HasSteps { get; private init; }
}

/// <summary>The parameters that all edits of <see cref="DiffusionPipeline"/> share. The number of images is that of the pictures.</summary>
public sealed record EditOptions : DrawingOptions
{
    /// <summary>
    /// Number of steps; null for the edit's own. For a consistency model these are 10 for inpainting, colorization and
    /// super-resolution (or as many as the model has levels), 3 for strokes and variations, 2 for interpolation of images, 1 for
    /// denoising and interpolation of latents; for a diffusion model always 18.
    /// </summary>
    public int? NumInferenceSteps { get; init; }

    /// <summary>
    /// Whether what is known is put in once more at the end, so that known pixels come back bit by bit. Without it they carry the
    /// noise of the last step (about 1e-6), as in openai's code.
    /// </summary>
    public bool Composite { get; init; } = true;
}

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

    /// <summary>Number, channels and size of the images, whatever the order of <see cref="Values"/>.</summary>
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

    /// <summary>What was made, such as "2 images [2, 3, 32, 32], classes 5, 5, seeds 1, 2, 1 network call each".</summary>
    public override string ToString()
    {
        var classes = ClassLabels is { Count: > 0 } ? $", {Listed(ClassLabels, "class", "classes")}" : "";
        var seeds = Seeds.Count > 0 ? $", {Listed(Seeds, "seed", "seeds")}" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Shape.Batch} image{(Shape.Batch == 1 ? "" : "s")} {Shape}{classes}{seeds}, {NetworkEvaluations} network call{(NetworkEvaluations == 1 ? "" : "s")} each");

        static string Listed<T>(IReadOnlyList<T> values, string one, string many)
        {
            const int shown = 8;
            var first = string.Join(", ", values.Take(shown).Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}")));
            return $"{(values.Count == 1 ? one : many)} {first}{(values.Count > shown ? ", …" : "")}";
        }
    }
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
