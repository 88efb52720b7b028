using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>An objective in a checkpoint's words: <c>edm(PMean=-1.2, PStd=1.2, SigmaData=0.5)</c>.</summary>
/// <remarks>
/// Checkpoints of before said what a record's ToString says, in the culture of the process: "EdmObjective { PMean = -1,2, ... }".
/// They are understood, so that their runs go on.
/// </remarks>
internal static partial class ObjectiveText
{
    private const double DefaultSigmaData = 0.5;
    private const string Record = "Objective";

    public static string Of(IObjective objective) =>
        $"{objective.Name}({string.Join(", ", objective.Settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => $"{setting.Key}={setting.Value}"))})";

    /// <summary>Whether two texts mean one objective with the same settings.</summary>
    public static bool SaySame(string found, string expected)
    {
        var (foundName, foundSettings) = Read(found);
        var (expectedName, expectedSettings) = Read(expected);
        return foundName == expectedName
            && foundSettings.Keys.Union(expectedSettings.Keys).All(key => Value(foundSettings, key) is { } value && value == Value(expectedSettings, key));
    }

    // The one setting that an objective has been given since.
    private static string? Value(Dictionary<string, string> settings, string key) =>
        settings.GetValueOrDefault(key) ?? (key == nameof(IObjective.SigmaData) ? DefaultSigmaData.ToString("R", CultureInfo.InvariantCulture) : null);

    private static (string Name, Dictionary<string, string> Settings) Read(string text)
    {
        var name = Head().Match(text).Value;
        Dictionary<string, string> settings = [];
        foreach (Match setting in Setting().Matches(text))
        {
            settings[setting.Groups["key"].Value] = setting.Groups["value"].Value.Replace(',', '.');
        }

        // A record's text also has these, and its schedule as a record of its own.
        if (name.EndsWith(Record, StringComparison.Ordinal))
        {
            name = name[..^Record.Length].ToLowerInvariant();
            settings.Remove(nameof(IObjective.Name));
            settings.Remove(nameof(IObjective.MakesConsistencyModel));
            settings.Remove(nameof(EctObjective.Schedule));
        }

        return (name, settings);
    }

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Head();

    // A comma with a digit right behind it is a decimal comma; one with a space separates.
    [GeneratedRegex(@"(?<key>\w+) ?= ?(?<value>[^\s{},()]+(?:,\d[^\s{},()]*)?)")]
    private static partial Regex Setting();
}
