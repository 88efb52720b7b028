using System.Numerics.Tensors;
using ConsistencyModels.Denoising;
using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Pipelines;

// Zero-shot edits (arXiv 2303.01469, section 5 and Algorithm 4). Pictures have the size the model is to work at;
// FittedPicture brings others there and back.
public sealed partial class ConsistencyModelPipeline
{
    private const int MeasuredSteps = 10;
    private const int GuidedSteps = 3;
    private const int BetweenSteps = 2;

    /// <summary>Noise level of <see cref="Stroke"/> where none is given: shapes and colours stay, details go.</summary>
    public const double DefaultStrokeSigma = 2.5;

    /// <summary>Noise level of <see cref="Variations"/> and <see cref="Interpolate(ImageBuffer, ImageBuffer, int, double, EditOptions?, CancellationToken)"/> where none is given.</summary>
    public const double DefaultVariationSigma = 1.5;

    /// <summary>Edits pictures of which something is known: every edit of the paper's Algorithm 4, and any of one's own.</summary>
    /// <param name="images">Pictures of one size, a multiple of the network's <c>SpatialFactor</c>; gray and RGB are converted to each other as the model needs.</param>
    /// <param name="measurement">What is known of them.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images, or the model's images are no pictures.</exception>
    /// <exception cref="ArgumentException">The pictures differ in size, or an option is out of range or does not fit the others or the model.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Edit(
        IReadOnlyList<ImageBuffer> images, IMeasurement measurement, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (values, shape) = Pictures.ToBatch(images, Config.InChannels);
        return Edit(values, shape, measurement, options, cancellationToken);
    }

    /// <summary>Edits a batch of floats, for models whose images are no pictures and for what bytes cannot hold.</summary>
    /// <param name="reference">[N, C, H, W] in [-1, 1]: what is known is known of this.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="measurement">What is known.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A length, or an option, does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Edit(
        ReadOnlyMemory<float> reference, ImageShape shape, IMeasurement measurement, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ThrowIfNotForModel(shape);
        var edit = new EditPlan { Replacement = new(measurement, reference, shape, options.Composite) };
        var steps = Math.Min(MeasuredSteps, SchedulerConfig.NumTrainTimesteps);
        return Run(GenerationPlan.Make(Config, SchedulerConfig, options.ToGenerate(shape, steps), edit), cancellationToken);
    }

    /// <summary>Fills holes. Known pixels come back bit by bit.</summary>
    /// <param name="images">Pictures of one size.</param>
    /// <param name="known">The pixels that are kept; for all pictures or one for each.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ConsistencyModelsException">The mask is of another size than the pictures.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult Inpaint(
        IReadOnlyList<ImageBuffer> images, ImageMask known, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, Measurement.Inpainting(known), options, cancellationToken);

    /// <summary>
    /// Gives gray pictures colours; of pictures in colour only the luma is looked at. The luma stays, up to 1e-5, in the floats;
    /// in bytes a colour outside of the range is clamped.
    /// </summary>
    /// <param name="images">Pictures of one size, gray or RGB.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ConsistencyModelsException">The model's images are not RGB.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult Colorize(IReadOnlyList<ImageBuffer> images, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (values, shape) = Pictures.ToBatch(images, Config.InChannels);
        return Edit(values, shape, Measurement.Colorization(new ImageSize(shape.Height, shape.Width)), options, cancellationToken);
    }

    /// <summary>Enlarges pictures: every pixel becomes a patch with that mean.</summary>
    /// <param name="images">Small pictures of one size.</param>
    /// <param name="factor">Side of a patch; the small size times it is what the model works at, and comes out.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The enlarged size is no multiple of the network's <c>SpatialFactor</c>, or as for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult SuperResolve(
        IReadOnlyList<ImageBuffer> images, int factor, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        var (values, shape) = Pictures.ToBatch([.. images.Select(image => Pictures.Enlarge(image, factor))], Config.InChannels);
        return Edit(values, shape, Measurement.SuperResolution(factor, new ImageSize(shape.Height, shape.Width)), options, cancellationToken);
    }

    /// <summary>Makes pictures of strokes (SDEdit): noise covers the details of a sketch, and denoising makes up others.</summary>
    /// <param name="images">Sketches of one size.</param>
    /// <param name="sigma">How much noise, above σ_min: little keeps the sketch, much keeps little of it.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>; also if <see cref="EditOptions.Timesteps"/> is given.</exception>
    public GenerateResult Stroke(
        IReadOnlyList<ImageBuffer> images, double sigma = DefaultStrokeSigma, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (values, shape) = Pictures.ToBatch(images, Config.InChannels);
        return FromLevel(sigma, new EditPlan { Start = values }, shape, options, GuidedSteps, cancellationToken);
    }

    /// <summary>Makes other pictures like one: <see cref="Stroke"/> of the picture itself, several times with noise of its own.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="count">How many variations, at least 1.</param>
    /// <param name="sigma">How far they go, above σ_min.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Variations(
        ImageBuffer image, int count, double sigma = DefaultVariationSigma, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Stroke([.. Enumerable.Repeat(image, count)], sigma, options, cancellationToken);
    }

    /// <summary>Takes the noise out of pictures that have some (arXiv 2303.01469, section 5, "denoising").</summary>
    /// <param name="images">Noisy pictures of one size.</param>
    /// <param name="sigma">The standard deviation of their noise on the scale of [-1, 1] (of bytes: times 127.5), above σ_min.</param>
    /// <param name="addNoise">Whether they are clean and such noise is to be added first, to show what the model does.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Denoise(
        IReadOnlyList<ImageBuffer> images, double sigma, bool addNoise = false, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (values, shape) = Pictures.ToBatch(images, Config.InChannels);
        return FromLevel(sigma, new EditPlan { Start = values, AddsNoise = addNoise }, shape, options, 1, cancellationToken);
    }

    /// <summary>Frames from one picture to another: both get noise, the way between them is spherical, and every frame is denoised.</summary>
    /// <param name="from">The first frame, which comes back as it is.</param>
    /// <param name="to">The last frame, which comes back as it is.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="sigma">How much noise, above σ_min: little gives crossfades, much pictures that have less to do with the ends.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults. Labels and noise are the same for all frames; Seeds and Latents cannot be given.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Interpolate(
        ImageBuffer from, ImageBuffer to, int frames, double sigma = DefaultVariationSigma, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 2);
        ThrowIfPerImage(options);

        // Before anything is drawn: a bad argument advances no generator.
        _ = MultistepSchedule.From(sigma, options.NumInferenceSteps ?? BetweenSteps, SchedulerConfig);
        var (ends, pair) = Pictures.ToBatch([from, to], Config.InChannels);
        if (options.Generator is null)
        {
            options = options with { Seed = options.Seed ?? FreshSeed() };
        }

        var generator = options.Generator ?? new TorchGenerator(options.Seed!.Value);
        var start = FramesBetween(ends, pair, frames, sigma, generator);
        var keepsEnds = new EditPlan
        {
            Start = start,
            AddsNoise = false,
            SharesNoise = true,
            Replacement = options.Composite ? KeepEnds(ends, pair.WithBatch(frames)) : null,
        };
        var result = FromLevel(sigma, keepsEnds, pair.WithBatch(frames), options with { Generator = generator, Seed = null }, BetweenSteps, cancellationToken);
        return options.Seed is { } seed ? result.WithSeeds([seed]) : result;
    }

    /// <summary>Frames from one latent to another, each made into a picture (arXiv 2303.01469, appendix D).</summary>
    /// <param name="from">Standard normal numbers [C, H, W] of the first frame.</param>
    /// <param name="to">Those of the last frame.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults. Labels and noise between steps are the same for all frames; Seeds and Latents cannot be given.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The latents do not have the length of one image at the model's size, or as for <see cref="Edit(IReadOnlyList{ImageBuffer}, IMeasurement, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult Interpolate(
        ReadOnlyMemory<float> from, ReadOnlyMemory<float> to, int frames, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ThrowIfPerImage(options);
        var size = Config.SampleSize ?? throw new ArgumentException("The network's configuration has no sample_size, so the shape of a latent is not known.", nameof(from));
        var latents = Interpolation.Frames(from.Span, to.Span, frames);
        var shape = new ImageShape(frames, Config.InChannels, size.Height, size.Width);
        var generate = (options with { Latents = latents }).ToGenerate(shape, 1);
        return Run(GenerationPlan.Make(Config, SchedulerConfig, generate, new EditPlan { SharesNoise = true }), cancellationToken);
    }

    /// <summary>The latent [C, H, W] that <see cref="Generate"/> draws first for a seed, at the model's size.</summary>
    /// <param name="seed">The seed.</param>
    /// <exception cref="InvalidOperationException">The network's configuration has no sample_size.</exception>
    public float[] LatentOf(ulong seed)
    {
        var size = Config.SampleSize ?? throw new InvalidOperationException("The network's configuration has no sample_size.");
        var latent = new float[new ImageShape(1, Config.InChannels, size.Height, size.Width).Length];
        new TorchGenerator(seed).Randn(latent);
        return latent;
    }

    private GenerateResult FromLevel(
        double sigma, EditPlan edit, ImageShape shape, EditOptions? options, int steps, CancellationToken cancellationToken)
    {
        options ??= new();
        ThrowIfNotForModel(shape);
        if (options.Timesteps is not null)
        {
            throw new ArgumentException("This edit starts at a noise level of its own; give the number of steps in place of timesteps.", nameof(options));
        }

        var levels = MultistepSchedule.From(sigma, options.NumInferenceSteps ?? steps, SchedulerConfig);
        return Run(GenerationPlan.Make(Config, SchedulerConfig, options.ToGenerate(shape, 1), edit, levels), cancellationToken);
    }

    private void ThrowIfNotForModel(ImageShape shape)
    {
        if (shape.Channels != Config.InChannels)
        {
            throw new ArgumentException($"The images have {shape.Channels} channels; the model's have {Config.InChannels}.", nameof(shape));
        }
    }

    private static float[] FramesBetween(ReadOnlyMemory<float> ends, ImageShape pair, int frames, double sigma, INoiseGenerator generator)
    {
        var noisy = new float[pair.Length];
        generator.Randn(noisy, 1);
        TensorPrimitives.MultiplyAdd(noisy, (float)sigma, ends.Span, noisy);
        return Interpolation.Frames(noisy.AsSpan(0, pair.ImageLength), noisy.AsSpan(pair.ImageLength), frames);
    }

    // The ends as a measurement of their own: everything is known of the first and the last frame, nothing of the others.
    private static Replacement KeepEnds(ReadOnlyMemory<float> ends, ImageShape shape)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        ImageMask[] masks = [.. Enumerable.Range(0, shape.Batch).Select(frame => frame == 0 || frame == shape.Batch - 1 ? ImageMask.All(size) : ImageMask.None(size))];
        var reference = new float[shape.Length];
        ends[..shape.ImageLength].Span.CopyTo(reference);
        ends[shape.ImageLength..].Span.CopyTo(reference.AsSpan(reference.Length - shape.ImageLength));
        return new(Measurement.Inpainting(ImageMask.Stack(masks)), reference, shape, composite: true);
    }

    private static void ThrowIfPerImage(EditOptions options)
    {
        if (options.Seeds is not null || !options.Latents.IsEmpty)
        {
            throw new ArgumentException("All frames of an interpolation share their noise; give Seed or Generator in place of Seeds and Latents.", nameof(options));
        }

        if (options.Seed is not null && options.Generator is not null)
        {
            throw new ArgumentException("At most one of Seed and Generator can be given.", nameof(options));
        }
    }

    private static ulong FreshSeed() => (uint)Random.Shared.NextInt64(1L << 32);
}
