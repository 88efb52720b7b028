using ConsistencyModels.Noise;

namespace ConsistencyModels.Pipelines;

/// <summary>The parameters that all edits of <see cref="ConsistencyModelPipeline"/> share. The number of images is that of the pictures.</summary>
public sealed record EditOptions
{
    /// <summary>
    /// Number of steps, each a network call an image; null for the edit's own: 10 for inpainting, colorization and super-resolution
    /// (or as many as the model has levels), 3 for strokes and variations, 2 for interpolation of images, 1 for denoising and
    /// interpolation of latents.
    /// </summary>
    public int? NumInferenceSteps { get; init; }

    /// <summary>
    /// A schedule of one's own in place of it: strictly descending indices in [0, num_train_timesteps), 0 is σ_max. Only for edits
    /// that start at σ_max.
    /// </summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Classes: one an image, or a single one for all; null draws them. A model without classes ignores them.</summary>
    public IReadOnlyList<int>? ClassLabels { get; init; }

    /// <summary>One seed for the whole batch. At most one of this, <see cref="Seeds"/> and <see cref="Generator"/>; with none a fresh seed is chosen and reported.</summary>
    public ulong? Seed { get; init; }

    /// <summary>One seed an image: an image then depends neither on its batch nor on its place in it.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init; }

    /// <summary>A generator to go on with; it is advanced by the draws, and no other thread may use it meanwhile.</summary>
    public INoiseGenerator? Generator { get; init; }

    /// <summary>Standard normal numbers to begin with, [N, C, H, W]; empty draws them.</summary>
    public ReadOnlyMemory<float> Latents { get; init; }

    /// <summary>
    /// Whether what is known is put in once more at the end, so that known pixels come back bit by bit. Without it they carry the
    /// noise of the last step (about 1e-6), as in openai's code.
    /// </summary>
    public bool Composite { get; init; } = true;

    /// <summary>What to hand back.</summary>
    public OutputType OutputType { get; init; } = OutputType.Images;

    /// <summary>Called after every step.</summary>
    public StepCallback? Callback { get; init; }

    /// <summary>Told after every network call how far the work is.</summary>
    public IProgress<GenerateProgress>? Progress { get; init; }

    /// <summary>The most images in one network call; 0 chooses by their size. The noise does not depend on it.</summary>
    public int ChunkSize { get; init; }

    internal GenerateOptions ToGenerate(ImageShape shape, int steps) => new()
    {
        BatchSize = shape.Batch,
        Height = shape.Height,
        Width = shape.Width,
        NumInferenceSteps = NumInferenceSteps ?? steps,
        Timesteps = Timesteps,
        ClassLabels = ClassLabels,
        Seed = Seed,
        Seeds = Seeds,
        Generator = Generator,
        Latents = Latents,
        OutputType = OutputType,
        Callback = Callback,
        Progress = Progress,
        ChunkSize = ChunkSize,
    };
}
