using ConsistencyModels.Noise;

namespace ConsistencyModels.Pipelines;

/// <summary>The parameters of <see cref="ConsistencyModelPipeline.Generate"/>: those of diffusers' <c>ConsistencyModelPipeline.__call__</c> and a few more.</summary>
public sealed record GenerateOptions
{
    /// <summary>
    /// Number of images, at least 1. Null: as many as there are <see cref="Seeds"/>, streams in a <see cref="PerImageGenerator"/>
    /// or <see cref="ClassLabels"/>; else 1, as in diffusers.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>
    /// Classes in [0, number of classes): one an image, or a single one for all. Null draws them from the generator, after the
    /// latents. A model without classes ignores them, as diffusers does; <see cref="GenerateResult.ClassLabels"/> is null then.
    /// </summary>
    public IReadOnlyList<int>? ClassLabels { get; init; }

    /// <summary>
    /// Number of equally spaced steps, 1 to the scheduler's <c>num_train_timesteps</c>; not used when <see cref="Timesteps"/> is
    /// given. Each is one network call an image.
    /// </summary>
    public int? NumInferenceSteps { get; init; } = 1;

    /// <summary>
    /// A schedule of one's own: strictly descending indices in [0, num_train_timesteps). Index 0 is σ_max, and the list is used
    /// backwards: [22, 0] starts at σ_max and goes on at the level of index 22.
    /// </summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>
    /// One seed for the whole batch: the numbers of <c>torch.manual_seed</c> and one <c>torch.randn</c> of the batch. At most one of
    /// <see cref="Seed"/>, <see cref="Seeds"/> and <see cref="Generator"/> is given; with none a fresh seed is chosen and reported.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>One seed an image, diffusers' list of generators: an image then depends neither on its batch nor on its place in it.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init; }

    /// <summary>
    /// A generator to go on with, such as a <see cref="TorchGenerator"/>, or a <see cref="PerImageGenerator"/> with one for each image.
    /// It is advanced by the draws; no other thread may use it meanwhile.
    /// </summary>
    public INoiseGenerator? Generator { get; init; }

    /// <summary>
    /// Standard normal numbers to start from, [BatchSize, C, H, W]; empty draws them. They are multiplied by σ_max, as drawn ones are.
    /// </summary>
    public ReadOnlyMemory<float> Latents { get; init; }

    /// <summary>What to hand back.</summary>
    public OutputType OutputType { get; init; } = OutputType.Images;

    /// <summary>Called after every <see cref="CallbackSteps"/>-th step, beginning with the first.</summary>
    public StepCallback? Callback { get; init; }

    /// <summary>How often <see cref="Callback"/> is called, at least 1.</summary>
    public int CallbackSteps { get; init; } = 1;

    /// <summary>Told after every network call how far the work is.</summary>
    public IProgress<GenerateProgress>? Progress { get; init; }

    /// <summary>
    /// The most images in one network call, which bounds its memory; 0 chooses by their size. The noise does not depend on it.
    /// </summary>
    public int ChunkSize { get; init; }

    /// <summary>Height in pixels, a multiple of the network's <c>SpatialFactor</c>; null for the size the network was made for.</summary>
    public int? Height { get; init; }

    /// <summary>Width in pixels, a multiple of the network's <c>SpatialFactor</c>; null for the size the network was made for.</summary>
    public int? Width { get; init; }
}
