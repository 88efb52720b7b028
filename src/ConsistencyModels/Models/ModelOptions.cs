using ConsistencyModels.Checkpoints;
using ConsistencyModels.Hub;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>Which files of a model are opened, and what replaces facts that they do not hold.</summary>
public record ModelOptions
{
    /// <summary>The branch, tag or commit of a model on the Hub; null for "main".</summary>
    public string? Revision { get; init; }

    /// <summary>Which weights of a folder to read, such as "fp16" for <c>diffusion_pytorch_model.fp16.safetensors</c>, which must exist; null for the plain ones.</summary>
    public string? Variant { get; init; }

    /// <summary>Where models are downloaded from and to; null for <see cref="HubOptions.FromEnvironment"/>.</summary>
    public HubOptions? Hub { get; init; }

    /// <summary>The part of a training checkpoint to take; null chooses (<see cref="TorchFile.Open"/>).</summary>
    public string? Entry { get; init; }

    /// <summary>Channels of an attention head, where there is no configuration; null takes the published 64, or the most that fits.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Size of the images, where there is no configuration; null guesses by the published widths.</summary>
    public ImageSize? SampleSize { get; init; }

    /// <summary>How the model was trained, where there is no scheduler configuration; null takes the name of the file or folder, or distillation.</summary>
    public TrainingMode? Mode { get; init; }

    /// <summary>The number of discretization steps, in place of the scheduler configuration's or the mode's.</summary>
    public int? NumTrainTimesteps { get; init; }

    /// <summary>The whole scheduler configuration, in place of any other.</summary>
    public CMStochasticIterativeSchedulerConfig? Scheduler { get; init; }
}

/// <summary>
/// How a model was trained (<c>training_mode</c> in openai's scripts). The tensors do not tell; what the network computes, and the
/// schedule's number of steps, depend on it.
/// </summary>
public enum TrainingMode
{
    /// <summary>Consistency distillation ("cd"): a consistency model with 40 steps.</summary>
    ConsistencyDistillation,

    /// <summary>Consistency training ("ct"): a consistency model with 201 steps, 151 at 256 pixels.</summary>
    ConsistencyTraining,

    /// <summary>EDM ("edm"): a diffusion model, the teacher of the others.</summary>
    Edm,
}
