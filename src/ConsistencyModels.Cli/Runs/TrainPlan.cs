using ConsistencyModels.Data;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Cli.Runs;

/// <summary>A <c>cm train</c> command made ready: the pictures read, the options complete.</summary>
/// <param name="Pictures">The folder or archive, in the user's words.</param>
/// <param name="Options">What the trainer is told.</param>
/// <param name="Data">The pictures.</param>
/// <param name="Warnings">What may not be meant; each a line.</param>
internal sealed record TrainPlan(string Pictures, TrainingOptions Options, ImageFolderDataSet Data, IReadOnlyList<string> Warnings)
{
    private const string DefaultNetwork = "tiles32";
    private const long DefaultImages = 400_000;
    private const int DefaultStages = 8;

    /// <summary>Reads the pictures and completes the options.</summary>
    /// <param name="settings">The words.</param>
    /// <param name="console">Where to show how far reading is.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="ConsistencyModelsException">Something is missing, damaged, or does not fit.</exception>
    public static TrainPlan Make(TrainSettings settings, CliConsole console, CancellationToken cancellation)
    {
        var network = settings.Network is null && settings.Init is not null ? null : NetworkSource.Load(settings.Network ?? DefaultNetwork, console, cancellation);
        var start = settings.Init is null ? null : OpenStart(settings.Init, network, console, cancellation);
        network ??= start!.Config;
        var size = settings.Size ?? (network.SampleSize is { } made && made.Height == made.Width
            ? made.Height
            : throw new ConsistencyModelsException("the network's sample_size is not a square, and training needs one; give --size"));
        if (size % network.SpatialFactor != 0)
        {
            throw new ConsistencyModelsException($"--size is {size}, expected a multiple of {network.SpatialFactor} for this network");
        }

        var classes = settings.Classes is null ? null : ClassMap.Parse(settings.Classes);
        var data = Spinner.For(console, "reading the pictures", _ => ImageFolderDataSet.Open(
            settings.Data,
            new ImageFolderOptions { Size = size, Channels = network.InChannels, OnlySize = settings.NativeSizeOnly, Classes = classes, Threads = settings.Threads },
            cancellation));
        network = network with { SampleSize = new(size, size) };
        if (IsPreset(settings))
        {
            network = network with { NumClassEmbeds = data.ClassNames.Count > 1 ? data.ClassNames.Count : null };
        }

        return new(settings.Data, Complete(settings, network, start), data, [.. Warn(settings, network, data)]);
    }

    private static bool IsPreset(TrainSettings settings) =>
        settings.Network is { } words ? NetworkSource.IsPreset(words) : settings.Init is null;

    // The size of heads and of pictures is not in a single file: a network that is named says it.
    private static Model OpenStart(string name, UNet2DConfig? network, CliConsole console, CancellationToken cancellation) => new ModelSettings
    {
        Name = name,
        Files = new ModelOptions { HeadDim = network?.AttentionHeadDim, SampleSize = network?.SampleSize },
    }.Open(console, cancellation);

    private static TrainingOptions Complete(TrainSettings settings, UNet2DConfig network, Model? start)
    {
        var images = settings.Images ?? DefaultImages;
        var defaults = new TrainingOptions { Folder = settings.Run, Network = network, Objective = new EdmObjective(), Images = images };
        var schedule = new EctSchedule();
        IObjective objective = settings.Objective == "edm"
            ? defaults.Objective
            : new EctObjective(new EctSchedule(
                settings.EctQ ?? schedule.Q,
                settings.EctK ?? schedule.K,
                StageImages: settings.EctStageImages ?? Math.Max(1, images / DefaultStages)));
        return defaults with
        {
            Objective = objective,
            InitialModel = start,
            Batch = settings.Batch ?? defaults.Batch,
            MicroBatch = settings.MicroBatch ?? defaults.MicroBatch,

            // Tuning moves a trained network: the published recipe takes a tenth of what training takes.
            LearningRate = settings.LearningRate ?? (!objective.MakesConsistencyModel ? defaults.LearningRate : defaults.LearningRate / 10),
            RampImages = settings.Ramp ?? Math.Min(images / 10, 50_000),
            DecayImages = settings.Decay ?? defaults.DecayImages,
            AverageHalfLife = settings.HalfLife ?? defaults.AverageHalfLife,
            Flip = settings.Flip,
            Seed = settings.Seed,
            Device = settings.Device,
            Threads = settings.Threads,
            CheckpointEvery = settings.CheckpointEvery ?? defaults.CheckpointEvery,
            SampleEvery = settings.SampleEvery ?? defaults.SampleEvery,
            LogEverySteps = settings.LogEvery ?? defaults.LogEverySteps,
        };
    }

    private static IEnumerable<string> Warn(TrainSettings settings, UNet2DConfig network, ImageFolderDataSet data)
    {
        if (settings.Objective == "ect" && settings.Init is null)
        {
            yield return "ect tunes a diffusion model into a consistency model; without --init it starts from nothing: train with --objective edm first";
        }

        if (data.Skipped.Count > 0)
        {
            yield return $"{data.Skipped.Count} pictures are left out, the first: {data.Skipped[0]}";
        }

        if (network.NumClassEmbeds is null && data.ClassNames.Count > 1)
        {
            yield return $"the network has no classes (num_class_embeds is null): the {data.ClassNames.Count} classes of the data are not used";
        }
    }
}
