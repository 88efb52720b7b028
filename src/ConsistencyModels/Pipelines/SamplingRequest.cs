using ConsistencyModels.Editing;
using ConsistencyModels.Models;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Pipelines;

/// <summary>
/// What is to be drawn, checked against a model: all that can be wrong with options is said here, before the model's weights are
/// read and before a single number is drawn. The pipelines make one for every call; a program that wants to know earlier makes one itself.
/// </summary>
public sealed class SamplingRequest
{
    /// <summary>
    /// Steps of a consistency model with tiles where nothing is said: in one step every tile would be a picture of its own, and
    /// what is blended of them blurred.
    /// </summary>
    public const int TiledSteps = 10;

    private SamplingRequest(Model model, DrawingOptions options, ImageShape shape, ISampler sampler)
    {
        Options = options;
        Shape = shape;
        Sampler = sampler;
        Classes = model.Config.NumClassEmbeds;
        Labels = LabelsOf(options, Classes, shape.Batch);
    }

    /// <summary>Number, channels and size of the images.</summary>
    public ImageShape Shape { get; }

    /// <summary>The sampler, with its levels.</summary>
    public ISampler Sampler { get; }

    /// <summary>The options.</summary>
    public DrawingOptions Options { get; }

    /// <summary>Number of the model's classes, or null.</summary>
    internal int? Classes { get; }

    /// <summary>One label per image, or null where they are to be drawn or there are no classes.</summary>
    internal IReadOnlyList<int>? Labels { get; }

    /// <summary>What an edit knows; null for none.</summary>
    internal IMeasurement? Measurement { get; private init; }

    /// <summary>The images of <see cref="Measurement"/>.</summary>
    internal ReadOnlyMemory<float> Reference { get; private init; }

    /// <summary>Images to start from; empty for none.</summary>
    internal ReadOnlyMemory<float> Start { get; private init; }

    /// <summary>Whether the images to start from get noise, or have it.</summary>
    internal bool AddsNoise { get; private init; } = true;

    /// <summary>Whether all images of the batch get the same noise and class.</summary>
    internal bool SharesNoise { get; private init; }

    /// <summary>Whether what is known is put in once more at the end.</summary>
    internal bool Composite { get; private init; }

    /// <summary>Checks a generation.</summary>
    /// <param name="model">The model; its weights are not looked at.</param>
    /// <param name="options">What to generate.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the others or the model.</exception>
    public static SamplingRequest For(Model model, GenerateOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        if (options.BatchSize is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BatchSize, "BatchSize must be at least 1.");
        }

        Check(options);
        if (options is { NumInferenceSteps: null, Timesteps: null, Sampler: null })
        {
            throw new ArgumentException("NumInferenceSteps or Timesteps must be given; found neither.", nameof(options));
        }

        var batch = options.BatchSize ?? Streams(options) ?? (options.ClassLabels is { Count: > 0 } labels ? labels.Count : 1);
        var shape = CheckShape(model, options, Size(model, options).WithBatch(batch));
        return new(model, options, shape, SamplerFor(model, options, options.HasSteps ? options.NumInferenceSteps : null, options.Tiles is null ? 1 : TiledSteps, null));
    }

    /// <summary>Checks an edit.</summary>
    /// <param name="model">The model; its weights are not looked at.</param>
    /// <param name="edit">What is to be done.</param>
    /// <param name="images">[N, C, H, W] in [-1, 1], of the result's size; may be empty where only the options are to be checked.</param>
    /// <param name="shape">The result's shape, which is that of the images.</param>
    /// <param name="options">Steps, seed and the like.</param>
    /// <exception cref="ConsistencyModelsException">What the edit knows is not known of such images.</exception>
    /// <exception cref="ArgumentException">A length or an option does not fit.</exception>
    public static SamplingRequest For(Model model, ImageEdit edit, ReadOnlyMemory<float> images, ImageShape shape, EditOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(edit);
        ArgumentNullException.ThrowIfNull(options);
        return For(model, edit, edit.MeasurementFor(new(shape.Height, shape.Width)), images, shape, options);
    }

    /// <summary>An edit whose measurement is already made.</summary>
    internal static SamplingRequest For(
        Model model, ImageEdit edit, IMeasurement? measurement, ReadOnlyMemory<float> images, ImageShape shape, EditOptions options) =>
        new(model, options, CheckShape(model, options, shape), EditSampler(model, edit, shape, measurement, images, options))
        {
            Measurement = measurement,
            Reference = measurement is null ? default : images,
            Start = edit.Sigma is null ? default : images,
            AddsNoise = edit.AddsNoise,
            Composite = options.Composite,
        };

    /// <summary>Frames that carry noise already and share what is drawn; of the first and the last one everything is known.</summary>
    internal static SamplingRequest ForFrames(
        Model model, ImageEdit edit, IMeasurement? ends, ReadOnlyMemory<float> frames, ReadOnlyMemory<float> reference, ImageShape shape, EditOptions options) =>
        new(model, options, CheckShape(model, options, shape), EditSampler(model, edit, shape, ends, frames, options))
        {
            Measurement = ends,
            Reference = ends is null ? default : reference,
            Start = frames,
            AddsNoise = false,
            SharesNoise = true,
            Composite = true,
        };

    /// <summary>Frames by given latents, which share what else is drawn.</summary>
    internal static SamplingRequest ForLatents(Model model, ImageShape shape, EditOptions options)
    {
        Check(options);
        return new(model, options, CheckShape(model, options, shape), SamplerFor(model, options, options.NumInferenceSteps, 1, null)) { SharesNoise = true };
    }

    /// <summary>The seeds, given or chosen; empty for a generator.</summary>
    internal ulong[] ChooseSeeds() =>
        Options.Seeds?.ToArray() ?? (Options.Generator is not null ? [] : [Options.Seed ?? TorchGenerator.FreshSeed()]);

    /// <summary>Where the noise comes from.</summary>
    internal INoiseGenerator GeneratorFor(ulong[] seeds)
    {
        var generator = Options.Generator ?? (Options.Seeds is not null ? new PerImageGenerator(seeds) : (INoiseGenerator)new TorchGenerator(seeds[0]));
        return SharesNoise ? new SharedNoise(generator) : generator;
    }

    private static ISampler EditSampler(
        Model model, ImageEdit edit, ImageShape shape, IMeasurement? measurement, ReadOnlyMemory<float> images, EditOptions options)
    {
        Check(options);
        if (!images.IsEmpty && images.Length != shape.Length)
        {
            throw new ArgumentException($"The images have {images.Length} values; expected {shape.Length}, shape {shape}.", nameof(images));
        }

        measurement?.ThrowIfNotFor(shape);
        var sampler = SamplerFor(model, options, options.NumInferenceSteps, edit.Steps, edit.Sigma);
        return edit.Sigma is not { } sigma || Math.Abs(sampler.InitialSigma - sigma) <= 1e-6 * sigma
            ? sampler
            : throw new ArgumentException(FormattableString.Invariant($"The sampler starts at noise level {sampler.InitialSigma}; this edit starts at {sigma}."), nameof(options));
    }

    private static ISampler SamplerFor(Model model, DrawingOptions options, int? steps, int consistencySteps, double? sigma)
    {
        if (options.Sampler is { } given)
        {
            return steps is null && options.Timesteps is null
                ? given
                : throw new ArgumentException("A sampler has its own steps: give either it, or a number of steps or timesteps.", nameof(options));
        }

        var timesteps = options.Timesteps;
        var consistent = model.Kind == ModelKind.Consistency;
        if (timesteps is not null && !consistent)
        {
            throw new ArgumentException("Timesteps are a schedule of multistep sampling; this is a diffusion model: give a number of steps or a sampler.", nameof(options));
        }

        return new SamplerSettings
        {
            Kind = consistent ? SamplerKind.Multistep : SamplerKind.Heun,
            Steps = timesteps is not null ? null : steps ?? (consistent ? Math.Min(consistencySteps, model.Scheduler.NumTrainTimesteps) : null),
            Timesteps = timesteps,
            SigmaMax = sigma,
        }.Create(model.Scheduler);
    }

    private static void Check(DrawingOptions options)
    {
        if (options.CallbackSteps < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.CallbackSteps, "CallbackSteps must be at least 1.");
        }

        if (!Enum.IsDefined(options.OutputType))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.OutputType, $"OutputType must be one of {string.Join(", ", Enum.GetNames<OutputType>())}.");
        }

        if (new object?[] { options.Seed, options.Seeds, options.Generator }.Count(given => given is not null) > 1)
        {
            throw new ArgumentException("At most one of Seed, Seeds and Generator can be given.", nameof(options));
        }

        if (options.Seeds is { Count: 0 })
        {
            throw new ArgumentException("Seeds is empty; pass one seed for each image.", nameof(options));
        }
    }

    private static ImageShape Size(Model model, GenerateOptions options)
    {
        var height = options.Height ?? model.Config.SampleSize?.Height;
        var width = options.Width ?? model.Config.SampleSize?.Width;
        return height is { } h && width is { } w
            ? new(1, model.Config.InChannels, h, w)
            : throw new ArgumentException("The network's configuration has no sample_size; pass Height and Width.", nameof(options));
    }

    private static ImageShape CheckShape(Model model, DrawingOptions options, ImageShape shape)
    {
        if (shape.Channels != model.Config.InChannels)
        {
            throw new ArgumentException($"The images have {shape.Channels} channels; the model's have {model.Config.InChannels}.", nameof(shape));
        }

        CheckSize(model, options, shape);
        if ((Int128)shape.Batch * shape.Channels * shape.Height * shape.Width > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"A batch of shape {shape} is larger than an array can be; generate fewer images at once.");
        }

        if (options.OutputType == OutputType.Images && shape.Channels is not (1 or 3 or 4))
        {
            throw new ArgumentException($"Images have 1, 3 or 4 channels; this model's have {shape.Channels}: ask for {nameof(OutputType.Array)} or {nameof(OutputType.Tensor)}.", nameof(options));
        }

        if (!options.Latents.IsEmpty && options.Latents.Length != shape.Length)
        {
            throw new ArgumentException($"The latents have {options.Latents.Length} values; expected {shape.Length}, shape {shape}.", nameof(options));
        }

        return Streams(options) is not { } streams || streams == shape.Batch
            ? shape
            : throw new ArgumentException($"There are {streams} seeds or generators for a batch of {shape.Batch}; pass one for each image, or one for all.", nameof(options));
    }

    private static void CheckSize(Model model, DrawingOptions options, ImageShape shape)
    {
        if (options.Tiles is null)
        {
            var factor = model.Config.SpatialFactor;
            if (shape.Height < 1 || shape.Width < 1 || shape.Height % factor != 0 || shape.Width % factor != 0)
            {
                throw new ArgumentException($"The size is {shape.Height}x{shape.Width}; this network takes multiples of {factor}.", nameof(options));
            }

            return;
        }

        var window = model.Config.SampleSize
            ?? throw new ArgumentException("The network's configuration has no sample_size, so the size of a tile is not known.", nameof(options));
        if (shape.Height < window.Height || shape.Width < window.Width)
        {
            throw new ArgumentException($"The size is {shape.Height}x{shape.Width}; tiles of the model's size, {window}, are for at least that.", nameof(options));
        }

        options.Tiles.ThrowIfNotFor(window);
    }

    private static int? Streams(DrawingOptions options) => options.Seeds?.Count ?? (options.Generator as PerImageGenerator)?.Count;

    private static int[]? LabelsOf(DrawingOptions options, int? classes, int batch)
    {
        if (classes is not { } count || options.ClassLabels is not { } labels)
        {
            return null;
        }

        if (labels.Count != 1 && labels.Count != batch)
        {
            throw new ArgumentException($"There are {labels.Count} class labels for a batch of {batch}; pass one for each image, or one for all.", nameof(options));
        }

        foreach (var label in labels)
        {
            if (label < 0 || label >= count)
            {
                throw new ArgumentOutOfRangeException(nameof(options), label, $"The class labels of this model go from 0 to {count - 1}.");
            }
        }

        return labels.Count == batch ? [.. labels] : [.. Enumerable.Repeat(labels[0], batch)];
    }
}
