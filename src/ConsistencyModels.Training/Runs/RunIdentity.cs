using System.Globalization;
using ConsistencyModels.Data;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// What makes it this run: a checkpoint must agree on it. Step sizes, averaging and the run's length are not part of it, so that they
/// can be changed in the middle on purpose; the losses are then no longer those of an uninterrupted run.
/// </summary>
internal static class RunIdentity
{
    private const string NetworkKey = "network";
    private const string ObjectiveKey = "objective";
    private const string TeacherKey = "teacher";
    private const string AugmentKey = "augment";
    private const string None = "none";

    /// <summary>The run in words.</summary>
    /// <param name="options">The run.</param>
    /// <param name="data">Its images.</param>
    /// <param name="teacher">A hash of its teacher; null for none.</param>
    public static Dictionary<string, string> Of(TrainingOptions options, IImageDataSet data, string? teacher) => new()
    {
        [NetworkKey] = Settings(options.Network),
        [ObjectiveKey] = ObjectiveText.Of(options.Objective),
        ["data"] = data.Fingerprint,
        ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
        ["batch"] = options.Batch.ToString(CultureInfo.InvariantCulture),
        ["flip"] = options.Flip ? "true" : "false",
        [AugmentKey] = options.Augment > 0 ? options.Augment.ToString("R", CultureInfo.InvariantCulture) : None,
        [TeacherKey] = teacher ?? None,
        ["averages"] = string.Join(' ', options.Averages),
    };

    /// <summary>Whether a checkpoint's word is this run's. Of the network it is what the JSON says: which defaults are written has changed.</summary>
    /// <param name="key">A key of <see cref="Of"/>.</param>
    /// <param name="found">The checkpoint's; null where it has none.</param>
    /// <param name="expected">This run's.</param>
    public static bool Agree(string key, string? found, string expected) => key switch
    {
        _ when found == expected => true,
        ObjectiveKey => found is not null && ObjectiveText.SaySame(found, expected),
        NetworkKey => found is not null && SameNetwork(found, expected),

        // The half-life of a run's one average may change on the way, and older checkpoints do not say it.
        // Of several, which is which decides what becomes the model.
        "averages" => (found ?? "one").Split(' ').Length == 1 && expected.Split(' ').Length == 1,
        TeacherKey or AugmentKey => found is null && expected == None,
        _ => false,
    };

    private static bool SameNetwork(string found, string expected)
    {
        try
        {
            return Settings(UNet2DConfig.FromJson(found, "the checkpoint's network")) == expected;
        }
        catch (ConsistencyModelsException)
        {
            return false;
        }
    }

    private static string Settings(UNet2DConfig network) =>
        (network with { Extras = new Dictionary<string, System.Text.Json.JsonElement>() }).ToJson();
}
