using System.Globalization;
using ConsistencyModels.Training.Data;

namespace ConsistencyModels.Training.Runs;

/// <summary>Whether a run makes sense, and what makes it this run and no other.</summary>
internal static class TrainingChecks
{
    public static void ThrowIfInvalid(TrainingOptions options, IImageDataSet data)
    {
        var network = options.Network;
        if (network.InChannels != data.Channels || network.OutChannels != data.Channels)
        {
            throw new ConsistencyModelsException(
                $"network: in_channels is {network.InChannels} and out_channels {network.OutChannels}, the images have {data.Channels}");
        }

        if (data.Height % network.SpatialFactor != 0 || data.Width % network.SpatialFactor != 0)
        {
            throw new ConsistencyModelsException($"data: images are {data.Height}x{data.Width}, the network takes multiples of {network.SpatialFactor}");
        }

        if (network.NumClassEmbeds is { } classes && classes < data.ClassNames.Count)
        {
            throw new ConsistencyModelsException($"network: num_class_embeds is {classes}, the data have {data.ClassNames.Count} classes");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Images, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MicroBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.LearningRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogEverySteps, 1);
    }

    /// <summary>What a checkpoint must agree on for a run to go on from it with the same losses.</summary>
    public static Dictionary<string, string> Identity(TrainingOptions options, IImageDataSet data) => new()
    {
        ["network"] = (options.Network with { Extra = new Dictionary<string, System.Text.Json.JsonElement>() }).ToJson(),
        ["objective"] = options.Objective.ToString()!,
        ["data"] = data.Fingerprint,
        ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        ["batch"] = options.Batch.ToString(CultureInfo.InvariantCulture),
        ["flip"] = options.Flip ? "true" : "false",
    };
}
