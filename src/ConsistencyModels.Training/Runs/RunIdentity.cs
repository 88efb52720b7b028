using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ConsistencyModels.Data;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// What makes it this run: a checkpoint must agree on it. Step sizes, averaging and the run's length are not part of it, so that they
/// can be changed in the middle on purpose; the losses are then no longer those of an uninterrupted run.
/// </summary>
internal static partial class RunIdentity
{
    private const string NetworkKey = "network";
    private const string ObjectiveKey = "objective";
    private const string TeacherKey = "teacher";
    private const string AugmentKey = "augment";
    private const string None = "none";
    private const string ClassesKey = "classes";
    private const string PicturesKey = "pictures";
    private const string DataKey = "data";
    private const int Listed = 5;

    /// <summary>The run in words. What says most to a person comes first: another class changes the network too.</summary>
    /// <param name="options">The run.</param>
    /// <param name="data">Its images.</param>
    /// <param name="teacher">A hash of its teacher; null for none.</param>
    public static Dictionary<string, string> Of(TrainingOptions options, IImageDataSet data, string? teacher) => new()
    {
        [ClassesKey] = JsonSerializer.Serialize<IEnumerable<string>>(data.ClassNames, Names.Default.IEnumerableString),
        [PicturesKey] = data.Count.ToString(CultureInfo.InvariantCulture),
        [NetworkKey] = Settings(options.Network),
        [DataKey] = data.Fingerprint,
        [ObjectiveKey] = ObjectiveText.Of(options.Objective),
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

        // Older checkpoints do not say them, and the hash of the data covers both.
        ClassesKey or PicturesKey => found is null,
        _ => false,
    };

    /// <summary>How a checkpoint's word differs from this run's, for a person.</summary>
    /// <param name="key">A key of <see cref="Of"/> on which they do not <see cref="Agree"/>.</param>
    /// <param name="found">The checkpoint's; null where it has none.</param>
    /// <param name="expected">This run's.</param>
    public static string Difference(string key, string? found, string expected) => key switch
    {
        _ when found is null => $"{key} is missing",
        ClassesKey => Classes(found, expected),
        PicturesKey => $"the pictures are not those of the run: {found} then, {expected} now",
        DataKey => "the pictures are not those of the run, or their classes, size or crop are not",
        TeacherKey => expected == None || found == None ? $"teacher is {Word(found)}, this run has {Word(expected)}" : "the teacher is not that of the run",
        NetworkKey => $"network is another: {Changes(found, expected)}",
        _ => $"{key} is {found}, this run has {expected}",
    };

    private static string Word(string teacher) => teacher == None ? None : "one";

    private static string Classes(string found, string expected)
    {
        if (Read(found) is not { } then || Read(expected) is not { } now)
        {
            return "the classes are not those of the run";
        }

        string[] words = [.. Words(now.Except(then), "is new", "are new"), .. Words(then.Except(now), "is gone", "are gone")];
        return $"{then.Length} classes then, {now.Length} now: {(words.Length == 0 ? "the same in another order" : string.Join(", ", words))}";
    }

    private static IEnumerable<string> Words(IEnumerable<string> names, string one, string many)
    {
        string[] all = [.. names];
        return all.Length == 0 ? []
            : [$"{string.Join(", ", all.Take(Listed))}{(all.Length > Listed ? $" and {all.Length - Listed} more" : "")} {(all.Length == 1 ? one : many)}"];
    }

    private static string[]? Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, Names.Default.StringArray);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Changes(string found, string expected)
    {
        try
        {
            if (JsonNode.Parse(Settings(UNet2DConfig.FromJson(found, "the checkpoint's network"))) is JsonObject then && JsonNode.Parse(expected) is JsonObject now)
            {
                return string.Join(", ", now.Select(pair => pair.Key).Union(then.Select(pair => pair.Key)).Where(key => !JsonNode.DeepEquals(then[key], now[key]))
                    .Select(key => $"{key} {Value(then[key])} then, {Value(now[key])} now"));
            }
        }
        catch (Exception e) when (e is ConsistencyModelsException or JsonException)
        {
            // Then it is no network at all.
        }

        return "the checkpoint's is not understood";
    }

    private static string Value(JsonNode? value) => value?.ToJsonString() ?? "null";

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
        (network with { Extras = new Dictionary<string, JsonElement>() }).ToJson();

    [JsonSerializable(typeof(IEnumerable<string>))]
    [JsonSerializable(typeof(string[]))]
    private sealed partial class Names : JsonSerializerContext;
}
