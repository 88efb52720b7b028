using System.Security.Cryptography;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>One generation, checked: made before a single number is drawn, so that a bad argument advances no generator.</summary>
internal sealed class GenerationPlan
{
    private GenerationPlan(GenerateOptions options, ImageShape shape, MultistepSchedule schedule, int? classes, IReadOnlyList<int>? labels, EditPlan? edit)
    {
        Options = options;
        Shape = shape;
        Schedule = schedule;
        Classes = classes;
        GivenLabels = labels;
        Edit = edit;
        Seeds = options.Seeds?.ToArray()
            ?? (options.Generator is not null ? [] : [options.Seed ?? BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)))]);
        Generator = options.Generator
            ?? (options.Seeds is not null ? new PerImageGenerator(Seeds) : (INoiseGenerator)new TorchGenerator(Seeds[0]));
        if (edit is { SharesNoise: true })
        {
            Generator = new SharedNoise(Generator);
        }
    }

    public GenerateOptions Options { get; }

    public ImageShape Shape { get; }

    public MultistepSchedule Schedule { get; }

    public INoiseGenerator Generator { get; }

    public IReadOnlyList<ulong> Seeds { get; }

    /// <summary>Number of classes, or null.</summary>
    public int? Classes { get; }

    /// <summary>One label an image, or null where they are to be drawn or there are no classes.</summary>
    public IReadOnlyList<int>? GivenLabels { get; }

    /// <summary>What an edit adds to a generation, or null.</summary>
    public EditPlan? Edit { get; }

    /// <summary>Checks the options.</summary>
    /// <param name="network">The network.</param>
    /// <param name="scheduler">The model's scheduler.</param>
    /// <param name="options">The options.</param>
    /// <param name="edit">What an edit adds, or null.</param>
    /// <param name="levels">The noise levels, in place of those the options and the scheduler say; or null.</param>
    public static GenerationPlan Make(
        UNet2DConfig network,
        CMStochasticIterativeSchedulerConfig scheduler,
        GenerateOptions options,
        EditPlan? edit = null,
        MultistepSchedule? levels = null)
    {
        Check(options);
        var shape = Size(network, options).WithBatch(Batch(options));
        if ((long)shape.Batch * shape.Channels * shape.Height * shape.Width > Array.MaxLength)
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

        if (Streams(options) is { } streams && streams != shape.Batch)
        {
            throw new ArgumentException($"There are {streams} seeds or generators for a batch of {shape.Batch}; pass one for each image, or one for all.", nameof(options));
        }

        levels ??= options.Timesteps is not null
            ? MultistepSchedule.FromTimesteps(options.Timesteps, scheduler)
            : MultistepSchedule.FromSteps(options.NumInferenceSteps!.Value, scheduler);
        return new(options, shape, levels, network.NumClassEmbeds, Labels(network, options, shape.Batch), edit);
    }

    private static void Check(GenerateOptions options)
    {
        if (options.BatchSize is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.BatchSize, "BatchSize must be at least 1.");
        }

        if (options.CallbackSteps < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.CallbackSteps, "CallbackSteps must be at least 1.");
        }

        if (options.ChunkSize < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.ChunkSize, "ChunkSize must be at least 1, or 0 to choose it.");
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

        if (options.NumInferenceSteps is null && options.Timesteps is null)
        {
            throw new ArgumentException("NumInferenceSteps or Timesteps must be given; found neither.", nameof(options));
        }
    }

    private static ImageShape Size(UNet2DConfig network, GenerateOptions options)
    {
        var height = options.Height ?? network.SampleSize?.Height;
        var width = options.Width ?? network.SampleSize?.Width;
        if (height is null || width is null)
        {
            throw new ArgumentException("The network's configuration has no sample_size; pass Height and Width.", nameof(options));
        }

        var factor = network.SpatialFactor;
        if (height < 1 || width < 1 || height % factor != 0 || width % factor != 0)
        {
            throw new ArgumentException($"The size is {height}x{width}; this network takes multiples of {factor}.", nameof(options));
        }

        return new(1, network.InChannels, height.Value, width.Value);
    }

    private static int Batch(GenerateOptions options) =>
        options.BatchSize ?? Streams(options) ?? (options.ClassLabels is { Count: > 0 } labels ? labels.Count : 1);

    private static int? Streams(GenerateOptions options) => options.Seeds?.Count ?? (options.Generator as PerImageGenerator)?.Count;

    private static int[]? Labels(UNet2DConfig network, GenerateOptions options, int batch)
    {
        if (network.NumClassEmbeds is not { } classes || options.ClassLabels is not { } labels)
        {
            return null;
        }

        if (labels.Count != 1 && labels.Count != batch)
        {
            throw new ArgumentException($"There are {labels.Count} class labels for a batch of {batch}; pass one for each image, or one for all.", nameof(options));
        }

        foreach (var label in labels)
        {
            if (label < 0 || label >= classes)
            {
                throw new ArgumentOutOfRangeException(nameof(options), label, $"The class labels of this model go from 0 to {classes - 1}.");
            }
        }

        return labels.Count == batch ? [.. labels] : [.. Enumerable.Repeat(labels[0], batch)];
    }
}
