using System.Globalization;
using ConsistencyModels.Data;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Runs;

/// <summary>Whether a run makes sense, and what makes it this run and no other.</summary>
internal static class TrainingChecks
{
    private const string NetworkKey = "network";
    private const string ObjectiveKey = "objective";

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

        if (network.SampleSize is { } size && size != new ImageSize(data.Height, data.Width))
        {
            throw new ConsistencyModelsException($"network: sample_size is {size}, the images are {data.Height}x{data.Width}");
        }

        if (network.TimeEmbeddingType == "fourier")
        {
            throw new ConsistencyModelsException(
                "network: time_embedding_type is \"fourier\", expected \"positional\": consistency models pass 250 ln(sigma), which has no logarithm below sigma 1");
        }

        if (network.NumClassEmbeds is { } classes && classes < data.ClassNames.Count)
        {
            throw new ConsistencyModelsException($"network: num_class_embeds is {classes}, the data have {data.ClassNames.Count} classes");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Images, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MicroBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.LearningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(options.RampImages);
        ArgumentOutOfRangeException.ThrowIfNegative(options.DecayImages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.AverageHalfLife);
        ArgumentOutOfRangeException.ThrowIfNegative(options.AverageRampRatio);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Beta2);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.Beta2, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepCheckpoints, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogEverySteps, 1);
    }

    /// <summary>Whether a checkpoint's word is this run's. Of the network it is what the JSON says: which defaults are written has changed.</summary>
    /// <param name="key">A key of <see cref="Identity"/>.</param>
    /// <param name="found">The checkpoint's.</param>
    /// <param name="expected">This run's.</param>
    public static bool Agree(string key, string found, string expected)
    {
        if (found == expected)
        {
            return true;
        }

        if (key == ObjectiveKey)
        {
            return ObjectiveText.SaySame(found, expected);
        }

        if (key != NetworkKey)
        {
            return false;
        }

        try
        {
            return Settings(UNet2DConfig.FromJson(found, "the checkpoint's network")) == expected;
        }
        catch (ConsistencyModelsException)
        {
            return false;
        }
    }

    /// <summary>
    /// What makes it this run: a checkpoint must agree on it. Step sizes, averaging and the run's length are not part of it,
    /// so that they can be changed in the middle on purpose; the losses are then no longer those of an uninterrupted run.
    /// </summary>
    public static Dictionary<string, string> Identity(TrainingOptions options, IImageDataSet data) => new()
    {
        [NetworkKey] = Settings(options.Network),
        [ObjectiveKey] = ObjectiveText.Of(options.Objective),
        ["data"] = data.Fingerprint,
        ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        ["batch"] = options.Batch.ToString(CultureInfo.InvariantCulture),
        ["flip"] = options.Flip ? "true" : "false",
    };

    private static string Settings(UNet2DConfig network) =>
        (network with { Extras = new Dictionary<string, System.Text.Json.JsonElement>() }).ToJson();
}
