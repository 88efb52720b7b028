using System.Text.RegularExpressions;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;

namespace ConsistencyModels.Training.Runs;

/// <summary>An objective in a checkpoint's words: <c>edm(p_mean=-1.2, p_std=1.2, sigma_data=0.5)</c>.</summary>
/// <remarks>
/// Checkpoints of before said PMean in place of p_mean, and older ones what a record's ToString says, in the culture of the process:
/// "EdmObjective { PMean = -1,2, ... }". They are understood, so that their runs go on.
/// </remarks>
internal static partial class ObjectiveText
{
    private const string Record = "Objective";

    // What the text of a record has that is no setting.
    private static readonly string[] NoSettings = ["name", "makesconsistencymodel", "schedule"];

    public static string Of(Objective objective) =>
        $"{objective.Name}({string.Join(", ", objective.Settings.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => $"{setting.Key}={setting.Value}"))})";

    /// <summary>Whether two texts mean one objective with the same settings; a setting that one of them does not have is at its default.</summary>
    public static bool SaySame(string found, string expected)
    {
        var (foundName, foundSettings) = Read(found);
        var (expectedName, expectedSettings) = Read(expected);
        if (foundName != expectedName)
        {
            return false;
        }

        var defaults = Defaults(foundName);
        return foundSettings.Keys.Union(expectedSettings.Keys).All(key =>
            (foundSettings.GetValueOrDefault(key) ?? defaults.GetValueOrDefault(key)) is { } value
            && value == (expectedSettings.GetValueOrDefault(key) ?? defaults.GetValueOrDefault(key)));
    }

    private static Dictionary<string, string> Defaults(string name) =>
        ObjectiveCatalogue.All.Any(recipe => recipe.Name == name) ? Read(Of(ObjectiveCatalogue.Make(name))).Settings : [];

    private static (string Name, Dictionary<string, string> Settings) Read(string text)
    {
        var name = Head().Match(text).Value;
        Dictionary<string, string> settings = [];
        foreach (Match setting in Setting().Matches(text))
        {
            // p_mean and PMean, sigmoid and Sigmoid are one.
            settings[setting.Groups["key"].Value.Replace("_", "").ToLowerInvariant()] = setting.Groups["value"].Value.Replace(',', '.').ToLowerInvariant();
        }

        if (name.EndsWith(Record, StringComparison.Ordinal))
        {
            name = name[..^Record.Length].ToLowerInvariant();
            foreach (var other in NoSettings)
            {
                settings.Remove(other);
            }
        }

        return (name, settings);
    }

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Head();

    // A comma with a digit right behind it is a decimal comma; one with a space separates.
    [GeneratedRegex(@"(?<key>\w+) ?= ?(?<value>[^\s{},()]+(?:,\d[^\s{},()]*)?)")]
    private static partial Regex Setting();
}
