using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>The scheduler's settings of the published models, which openai's checkpoints do not hold.</summary>
public static class SchedulerPresets
{
    private const int DistilledSteps = 40;
    private const int TrainedSteps = 201;
    private const int TrainedStepsLarge = 151;
    private const int DiffusionSteps = 1000;
    private const int Large = 256;

    /// <summary>The noise levels of a diffusion model trained as EDM trains them, with the defaults of diffusers' EDMEulerScheduler.</summary>
    public static CMStochasticIterativeSchedulerConfig Diffusion { get; } = new() { NumTrainTimesteps = DiffusionSteps };

    /// <summary>The settings of a mode, as diffusers' scripts/convert_consistency_to_diffusers.py chooses them.</summary>
    /// <param name="mode">How the model was trained.</param>
    /// <param name="config">Its network: consistency training took fewer steps at 256 pixels.</param>
    public static CMStochasticIterativeSchedulerConfig For(TrainingMode mode, UNet2DConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return mode switch
        {
            TrainingMode.Edm => Diffusion,
            TrainingMode.ConsistencyDistillation => new() { NumTrainTimesteps = DistilledSteps },
            _ => new() { NumTrainTimesteps = config.SampleSize is { Height: >= Large } ? TrainedStepsLarge : TrainedSteps },
        };
    }

    /// <summary>What the network of a model computes that was trained so.</summary>
    public static ModelKind KindOf(TrainingMode mode) => mode == TrainingMode.Edm ? ModelKind.Diffusion : ModelKind.Consistency;

    /// <summary>The mode that the name of a file or folder claims: "edm", "ct" or "cd" between separators, as in <c>ct_bedroom256.pt</c>; else null.</summary>
    /// <remarks>Of a folder called <c>unet</c> the name around it is meant.</remarks>
    public static TrainingMode? FromName(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetFileName(full) == Checkpoints.ModelLayout.UNet)
        {
            full = Path.GetDirectoryName(full) ?? full;
        }

        var words = Path.GetFileNameWithoutExtension(full).Split('_', '-', '.', ' ');
        bool Says(string word) => words.Contains(word, StringComparer.OrdinalIgnoreCase);
        return Says("edm") ? TrainingMode.Edm
            : Says("ct") ? TrainingMode.ConsistencyTraining
            : Says("cd") ? TrainingMode.ConsistencyDistillation
            : null;
    }
}
