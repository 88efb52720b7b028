using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>The scheduler's settings of the published models, which openai's checkpoints do not hold.</summary>
public static class SchedulerPresets
{
    private const int DistilledSteps = 40;
    private const int TrainedSteps = 201;
    private const int TrainedStepsLarge = 151;
    private const int Large = 256;

    /// <summary>The settings of a kind, as diffusers' scripts/convert_consistency_to_diffusers.py chooses them.</summary>
    /// <param name="kind">How the model was made.</param>
    /// <param name="config">Its network: consistency training took fewer steps at 256 pixels.</param>
    public static CMStochasticIterativeSchedulerConfig For(ConsistencyKind kind, UNet2DConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new CMStochasticIterativeSchedulerConfig
        {
            NumTrainTimesteps = kind == ConsistencyKind.Distilled ? DistilledSteps
                : config.SampleSize is { Height: >= Large } ? TrainedStepsLarge
                : TrainedSteps,
        };
    }

    /// <summary>The kind that a file's name claims: "ct" or "cd" between separators, as in <c>ct_bedroom256.pt</c>; else null.</summary>
    public static ConsistencyKind? FromName(string path)
    {
        var words = Path.GetFileNameWithoutExtension(path).Split('_', '-', '.', ' ');
        return words.Contains("ct", StringComparer.OrdinalIgnoreCase) ? ConsistencyKind.Trained
            : words.Contains("cd", StringComparer.OrdinalIgnoreCase) ? ConsistencyKind.Distilled
            : null;
    }
}
