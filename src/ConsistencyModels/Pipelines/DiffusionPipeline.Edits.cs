using System.Numerics.Tensors;
using ConsistencyModels.Editing;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Pipelines;

// Zero-shot edits (arXiv 2303.01469, section 5 and Algorithm 4). Pictures have the size the model is to work at, or with tiles
// any that is larger; FittedPicture brings others there and back.
public partial class DiffusionPipeline
{
    private const int BetweenSteps = 2;

    /// <summary>Edits pictures.</summary>
    /// <param name="images">Pictures of one size; gray and RGB are converted to each other as the model needs.</param>
    /// <param name="edit">What is to be done to them.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The edit is not for such images, or the model's images are not pictures.</exception>
    /// <exception cref="ArgumentException">The pictures differ in size, or an option is out of range or does not fit the others or the model.</exception>
    /// <exception cref="Denoising.NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Edit(
        IReadOnlyList<ImageBuffer> images, ImageEdit edit, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(edit);
        var (values, shape) = Pictures.ToBatch(edit.Factor == 1 ? images : [.. images.Select(image => Pictures.Enlarge(image, edit.Factor))], Config.InChannels);
        return Edit(values, shape, edit, options, cancellationToken);
    }

    /// <summary>Edits a batch of floats, for models whose images are not pictures and for what bytes cannot hold.</summary>
    /// <param name="images">[N, C, H, W] in [-1, 1], of the result's size.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="edit">What is to be done to them.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The edit is not for such images.</exception>
    /// <exception cref="ArgumentException">A length, or an option, does not fit.</exception>
    /// <exception cref="Denoising.NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Edit(
        ReadOnlyMemory<float> images, ImageShape shape, ImageEdit edit, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (images.Length != shape.Length)
        {
            throw new ArgumentException($"The images have {images.Length} values; expected {shape.Length}, shape {shape}.", nameof(images));
        }

        return Draw(SamplingRequest.For(Model, edit, images, shape, options ?? new()), cancellationToken);
    }

    /// <summary>Edits a batch of floats of which something is known: <see cref="ImageEdit.Of"/>.</summary>
    /// <param name="images">[N, C, H, W] in [-1, 1]: what is known is known of these.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="measurement">What is known.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A length, or an option, does not fit.</exception>
    /// <exception cref="Denoising.NonFiniteOutputException">The network gave NaN or infinity.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Edit(
        ReadOnlyMemory<float> images, ImageShape shape, IMeasurement measurement, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, shape, ImageEdit.Of(measurement), options, cancellationToken);

    /// <summary><see cref="ImageEdit.Inpaint"/>: fills holes; known pixels come back bit by bit.</summary>
    /// <param name="images">Pictures of one size.</param>
    /// <param name="known">The pixels that are kept; for all pictures or one for each.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ConsistencyModelsException">The mask is of another size than the pictures.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</exception>
    /// <example>
    /// <code>
    /// var filled = pipeline.Inpaint([book], ImageMask.Rectangle(new(32, 32), 8, 8, 16, 16), new() { ClassLabels = [5], Seed = 1 });
    /// filled.Images[0].Save("filled.png");
    /// </code>
    /// </example>
    public GenerateResult Inpaint(
        IReadOnlyList<ImageBuffer> images, ImageMask known, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, ImageEdit.Inpaint(known), options, cancellationToken);

    /// <summary>
    /// <see cref="ImageEdit.Colorize"/>: gives gray pictures colours; of pictures in colour only the luma is looked at. The luma
    /// stays, up to 1e-5, in the floats; in bytes a colour outside of the range is clamped.
    /// </summary>
    /// <param name="images">Pictures of one size, gray or RGB.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ConsistencyModelsException">The model's images are not RGB.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult Colorize(IReadOnlyList<ImageBuffer> images, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, ImageEdit.Colorize(), options, cancellationToken);

    /// <summary><see cref="ImageEdit.SuperResolve"/>: enlarges pictures; every pixel becomes a patch with that mean.</summary>
    /// <param name="images">Small pictures of one size.</param>
    /// <param name="factor">Side of a patch; the small size times it is what the model works at, and comes out.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The enlarged size is not one the network takes, or as for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</exception>
    /// <example>
    /// <code>
    /// var large = pipeline.SuperResolve([ImageResize.Resize(book, 8, 8)], factor: 4, new() { ClassLabels = [5] });
    /// large.Images[0].Save("large.png");
    /// </code>
    /// </example>
    public GenerateResult SuperResolve(
        IReadOnlyList<ImageBuffer> images, int factor, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, ImageEdit.SuperResolve(factor), options, cancellationToken);

    /// <summary><see cref="ImageEdit.Stroke"/>: makes pictures of sketches (SDEdit).</summary>
    /// <param name="images">Sketches of one size.</param>
    /// <param name="sigma">How much noise, above σ_min: little keeps the sketch, much keeps little of it; null for <see cref="Models.EditDefaults.StrokeSigma"/>.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>; also if <see cref="DrawingOptions.Timesteps"/> is given.</exception>
    public GenerateResult Stroke(
        IReadOnlyList<ImageBuffer> images, double? sigma = null, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, ImageEdit.Stroke(sigma ?? Model.EditDefaults.StrokeSigma), options, cancellationToken);

    /// <summary>Makes other pictures like one: <see cref="Stroke"/> of the picture itself, several times with noise of its own.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="count">How many variations, at least 1.</param>
    /// <param name="sigma">How far they go, above σ_min; null for <see cref="Models.EditDefaults.VariationSigma"/>.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Variations(
        ImageBuffer image, int count, double? sigma = null, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Stroke([.. Enumerable.Repeat(image, count)], sigma ?? Model.EditDefaults.VariationSigma, options, cancellationToken);
    }

    /// <summary><see cref="ImageEdit.Denoise"/>: takes the noise out of pictures that have some.</summary>
    /// <param name="images">Noisy pictures of one size.</param>
    /// <param name="sigma">The standard deviation of their noise on the scale of [-1, 1] (of bytes: times 127.5), above σ_min.</param>
    /// <param name="addNoise">Whether they are clean and such noise is to be added first, to show what the model does.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Denoise(
        IReadOnlyList<ImageBuffer> images, double sigma, bool addNoise = false, EditOptions? options = null, CancellationToken cancellationToken = default) =>
        Edit(images, ImageEdit.Denoise(sigma, addNoise), options, cancellationToken);

    /// <summary>Frames from one picture to another: both get noise, the way between them is spherical, and every frame is denoised.</summary>
    /// <param name="from">The first frame, which comes back as it is.</param>
    /// <param name="to">The last frame, which comes back as it is.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="sigma">How much noise, above σ_min: little gives crossfades, much pictures that have less to do with the ends; null for <see cref="Models.EditDefaults.VariationSigma"/>.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults. Labels and noise are the same for all frames; Seeds and Latents cannot be given.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Stroke"/>.</exception>
    public GenerateResult Interpolate(
        ImageBuffer from, ImageBuffer to, int frames, double? sigma = null, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 2);
        ThrowIfPerImage(options);
        var (ends, pair) = Pictures.ToBatch([from, to], Config.InChannels);
        var shape = pair.WithBatch(frames);
        var level = sigma ?? Model.EditDefaults.VariationSigma;
        var edit = ImageEdit.Denoise(level);
        options = options with { NumInferenceSteps = options.NumInferenceSteps ?? (Model.Kind == Models.ModelKind.Consistency && options.Sampler is null ? BetweenSteps : null) };

        // Before anything is drawn: a bad argument advances no generator.
        _ = SamplingRequest.For(Model, edit, null, default, shape, options);
        ulong[] seeds = options.Generator is null ? [options.Seed ?? TorchGenerator.FreshSeed()] : [];
        var generator = options.Generator ?? new TorchGenerator(seeds[0]);
        var start = FramesBetween(ends, pair, frames, level, generator);
        var request = SamplingRequest.ForFrames(
            Model, edit, options.Composite ? KnownEnds(shape) : null, start, WithEnds(ends, shape), shape, options with { Generator = generator, Seed = null });
        return Draw(request, seeds, cancellationToken);
    }

    /// <summary>Frames from one latent to another, each made into a picture (arXiv 2303.01469, appendix D).</summary>
    /// <param name="from">Standard normal numbers [C, H, W] of the first frame.</param>
    /// <param name="to">Those of the last frame.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="options">Steps, seed and the like; null for the defaults. Labels and noise between steps are the same for all frames; Seeds and Latents cannot be given.</param>
    /// <param name="cancellationToken">As for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The latents do not have the length of one image at the model's size, or as for <see cref="Edit(IReadOnlyList{ImageBuffer}, ImageEdit, EditOptions?, CancellationToken)"/>.</exception>
    public GenerateResult Interpolate(
        ReadOnlyMemory<float> from, ReadOnlyMemory<float> to, int frames, EditOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ThrowIfPerImage(options);
        var size = Config.SampleSize ?? throw new ArgumentException("The network's configuration has no sample_size, so the shape of a latent is not known.", nameof(from));
        var shape = new ImageShape(frames, Config.InChannels, size.Height, size.Width);
        var latents = Interpolation.Frames(from.Span, to.Span, frames);
        return Draw(SamplingRequest.ForLatents(Model, shape, options with { Latents = latents }), cancellationToken);
    }

    /// <summary>The latent [C, H, W] that is drawn first for a seed, at the model's size.</summary>
    /// <param name="seed">The seed.</param>
    /// <exception cref="InvalidOperationException">The network's configuration has no sample_size.</exception>
    public float[] LatentOf(ulong seed)
    {
        var size = Config.SampleSize ?? throw new InvalidOperationException("The network's configuration has no sample_size.");
        var latent = new float[new ImageShape(1, Config.InChannels, size.Height, size.Width).Length];
        new TorchGenerator(seed).Randn(latent);
        return latent;
    }

    private static float[] FramesBetween(ReadOnlyMemory<float> ends, ImageShape pair, int frames, double sigma, INoiseGenerator generator)
    {
        var noisy = new float[pair.Length];
        generator.Randn(noisy, 1);
        TensorPrimitives.MultiplyAdd(noisy, (float)sigma, ends.Span, noisy);
        return Interpolation.Frames(noisy.AsSpan(0, pair.ImageLength), noisy.AsSpan(pair.ImageLength), frames);
    }

    // The ends as a measurement of their own: everything is known of the first and the last frame, nothing of the others.
    private static Measurement KnownEnds(ImageShape shape)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        return Measurement.Inpainting(ImageMask.Stack(
            [.. Enumerable.Range(0, shape.Batch).Select(frame => frame == 0 || frame == shape.Batch - 1 ? ImageMask.All(size) : ImageMask.None(size))]));
    }

    private static float[] WithEnds(ReadOnlyMemory<float> ends, ImageShape shape)
    {
        var reference = new float[shape.Length];
        ends[..shape.ImageLength].Span.CopyTo(reference);
        ends[shape.ImageLength..].Span.CopyTo(reference.AsSpan(reference.Length - shape.ImageLength));
        return reference;
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
}
