using ConsistencyModels.Checkpoints;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>How a model's files are opened, and what replaces facts that the files do not hold.</summary>
public sealed record ModelFileOptions
{
    /// <summary>A variant of a folder's weights such as "fp16", which must exist; null for the plain files.</summary>
    public string? Variant { get; init; }

    /// <summary>The part of a training checkpoint to take; null chooses (<see cref="TorchFile.Open"/>).</summary>
    public string? Entry { get; init; }

    /// <summary>Channels of an attention head, where there is no configuration; null takes the published 64, or the most that fits.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Size of the images, where there is no configuration; null guesses by the published widths.</summary>
    public ImageSize? SampleSize { get; init; }

    /// <summary>How the model was made, where there is no scheduler configuration; null takes the file's name, or distillation.</summary>
    public ConsistencyKind? Kind { get; init; }

    /// <summary>The number of discretization steps, in place of the scheduler configuration's or the kind's.</summary>
    public int? NumTrainTimesteps { get; init; }

    /// <summary>The whole scheduler configuration, in place of any other.</summary>
    public CMStochasticIterativeSchedulerConfig? Scheduler { get; init; }

    /// <summary>Puts the settings given here in place of those read or guessed.</summary>
    internal CMStochasticIterativeSchedulerConfig Apply(CMStochasticIterativeSchedulerConfig scheduler)
    {
        scheduler = Scheduler ?? scheduler;
        return NumTrainTimesteps is { } steps ? scheduler with { NumTrainTimesteps = steps } : scheduler;
    }
}
