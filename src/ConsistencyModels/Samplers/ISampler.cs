using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// A way from noise to images over a denoiser: a value with its settings, immutable, safe to share between threads and to use
/// for any number of batches.
/// </summary>
public interface ISampler
{
    /// <summary>Standard deviation of the first sample: what unit noise is multiplied by.</summary>
    double InitialSigma { get; }

    /// <summary>Steps from noise to images.</summary>
    int Steps { get; }

    /// <summary>Calls of the network per image (NFE): as many as there are steps, or up to twice as many.</summary>
    int NetworkEvaluations { get; }

    /// <summary>Samples a batch in place.</summary>
    /// <param name="denoiser">The model: a diffusion model or a consistency model, whichever the sampler is for.</param>
    /// <param name="x">[N, C, H, W]: standard normal numbers on entry, images nominally in [-1, 1] on return.</param>
    /// <param name="shape">Shape of the batch.</param>
    /// <param name="noise">Where the noise between steps comes from; some samplers draw it even where they do not use it, as the references do.</param>
    /// <param name="options">Labels, what is known of the images, callback, progress and clamping; null for the defaults.</param>
    /// <param name="cancellationToken">Observed before every network call, and within it where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">A measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A length or a label does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave a NaN or an infinity; the message says at which step.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; <paramref name="x"/> holds an intermediate state.</exception>
    void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default);
}

/// <summary>What every sampler understands, whatever its own settings are.</summary>
public sealed record SamplingOptions
{
    /// <summary>The defaults.</summary>
    public static SamplingOptions Default { get; } = new();

    /// <summary>One label per image, or empty where the model has no classes.</summary>
    public ReadOnlyMemory<int> ClassLabels { get; init; }

    /// <summary>
    /// Images [N, C, H, W] in [-1, 1] to which the first noise is added (SDEdit); empty to start from nothing but noise. Where the
    /// images carry noise of the first level already, the noise handed to the sampler is all zeros.
    /// </summary>
    public ReadOnlyMemory<float> Start { get; init; }

    /// <summary>
    /// What is known of the images, which makes an edit of any sampler (arXiv 2303.01469, Algorithm 4): after every network call x₀
    /// is clamped to [-1, 1] and what is known of <see cref="Reference"/> put in its place. Null for plain sampling.
    /// </summary>
    /// <remarks>
    /// The paper has it for multistep sampling. Samplers of the probability-flow ODE follow the slope to the x₀ that results, so
    /// that what is known is reached at the end, too; their last step goes to level 0.
    /// </remarks>
    public IMeasurement? Measurement { get; init; }

    /// <summary>[N, C, H, W] in [-1, 1]: what is known is known of these. Of the batch's length where there is a <see cref="Measurement"/>.</summary>
    public ReadOnlyMemory<float> Reference { get; init; }

    /// <summary>
    /// Whether what is known is put in once more at the end: known pixels then are those of the reference bit by bit. Without it
    /// they carry what the last step adds: noise of about 1e-6 in multistep sampling, as in openai's code.
    /// </summary>
    public bool Composite { get; init; } = true;

    /// <summary>
    /// Whether the result is clamped to [-1, 1] (before <see cref="Composite"/>), as openai's <c>karras_sample</c> does for every
    /// sampler and its editing functions, EDM's sampler and diffusers' pipeline do not.
    /// </summary>
    public bool ClampResult { get; init; } = true;

    /// <summary>Called after every <see cref="CallbackSteps"/>-th step, beginning with the first.</summary>
    public SamplingCallback? Callback { get; init; }

    /// <summary>How often <see cref="Callback"/> is called, at least 1.</summary>
    public int CallbackSteps { get; init; } = 1;

    /// <summary>Receives how far the work is, after every call of the denoiser.</summary>
    public IProgress<SamplingProgress>? Progress { get; init; }
}

/// <summary>How far the work is, in parts of equal size: calls of the denoiser for a batch, or finer ones for a stream or a canvas of tiles.</summary>
/// <param name="Done">Parts done.</param>
/// <param name="Total">Parts in all.</param>
public readonly record struct SamplingProgress(int Done, int Total)
{
    /// <summary>The part done, from above 0 to 1.</summary>
    public double Fraction => (double)Done / Total;
}

/// <summary>Called by a sampler after a step.</summary>
/// <param name="step">What the step did; valid during the call only.</param>
public delegate void SamplingCallback(SamplingStep step);

/// <summary>A step of a sampler that has just been done. The memory is the sampler's and changes after the call.</summary>
public readonly ref struct SamplingStep
{
    /// <summary>Number of the step, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Number of steps.</summary>
    public required int Count { get; init; }

    /// <summary>The noise level of the schedule at which the step began.</summary>
    public required float Sigma { get; init; }

    /// <summary>
    /// What the denoiser was given in the step's first call: higher than <see cref="Sigma"/> where churn added noise. Its
    /// <see cref="Denoising.NoiseLevel.Conditioning"/> is the timestep that diffusers hands to a callback.
    /// </summary>
    public required Denoising.NoiseLevel Level { get; init; }

    /// <summary>Shape of the batch.</summary>
    public required ImageShape Shape { get; init; }

    /// <summary>
    /// The batch [N, C, H, W] after the step: at the next level, with the noise for it. What is written here goes into the next
    /// step; after the last one it is the result.
    /// </summary>
    public required Span<float> Sample { get; init; }

    /// <summary>The estimate x₀ of the clean images [N, C, H, W] from the step's first call, with what is known in its place.</summary>
    public required ReadOnlySpan<float> Denoised { get; init; }
}
