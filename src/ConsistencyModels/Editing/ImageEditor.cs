using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Editing;

/// <summary>
/// Zero-shot editing with any consistency model: multistep sampling in which, after every step, what is known of the picture
/// is put in place of what the network made of it (arXiv 2303.01469, Algorithm 4). With a picture's own noisy version to start
/// from and no measurement it is SDEdit. On plain memory, at the model's size;
/// <see cref="Pipelines.ConsistencyModelPipeline"/> has the same for pictures.
/// </summary>
public static class ImageEditor
{
    /// <summary>Edits a batch in place.</summary>
    /// <param name="denoiser">The consistency model.</param>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="measurement">What is known.</param>
    /// <param name="reference">The picture it is known of, [N, C, H, W] in [-1, 1].</param>
    /// <param name="x">
    /// [N, C, H, W]: on entry noise of deviation <see cref="MultistepSchedule.InitialSigma"/>, or images with such noise added;
    /// the result on return, nominally in [-1, 1] but not clamped, for that would change what is known.
    /// </param>
    /// <param name="shape">Shape of the batch: any number of images, and of channels as the measurement allows.</param>
    /// <param name="noise">Where the noise between steps comes from.</param>
    /// <param name="composite">
    /// Whether what is known is put in once more at the end: known pixels then are those of the reference bit by bit. Without it
    /// they carry the noise of the last step, as in openai's code.
    /// </param>
    /// <param name="options">Labels, callback and progress; the result is never clamped.</param>
    /// <param name="cancellationToken">Observed before every network call, and within it where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A length or a label does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave a NaN or an infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Edit(
        IDenoiser denoiser,
        MultistepSchedule schedule,
        IMeasurement measurement,
        ReadOnlyMemory<float> reference,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        bool composite = true,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var replacement = new Replacement(measurement, reference, shape, composite);
        using var run = new SamplerRun(denoiser, x.Length, shape, noise, options, schedule.Levels.Count, cancellationToken);
        MultistepSampler.Run(run, schedule, x, noise, options?.Callback is not null, replacement.InStep);
        replacement.AtEnd(x);
    }
}
