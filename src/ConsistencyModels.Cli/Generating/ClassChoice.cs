using System.Globalization;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Generating;

/// <summary>Reads <c>--classes</c>.</summary>
internal static class ClassChoice
{
    private const string All = "all";
    private const int ListedAtMost = 20;

    /// <summary>The classes asked for, in order; null where none are, so that each image draws its own.</summary>
    /// <param name="texts">Comma-separated names and numbers; "all" for each class in turn.</param>
    /// <param name="classes">Number of classes of the model, or null.</param>
    /// <param name="names">Their names, or null.</param>
    /// <exception cref="ConsistencyModelsException">The model has no classes, or not such a one.</exception>
    public static IReadOnlyList<int>? Parse(IReadOnlyList<string> texts, int? classes, ClassNames? names)
    {
        if (texts.Count == 0)
        {
            return null;
        }

        if (classes is not { } count)
        {
            throw new ConsistencyModelsException("--classes: this model has no classes; leave the option out");
        }

        List<int> chosen = [];
        foreach (var text in texts)
        {
            // A whole text first: a name may have commas in it ("tench, Tinca tinca").
            if (Find(text, count, names) is { } label)
            {
                chosen.Add(label);
                continue;
            }

            foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            {
                chosen.AddRange(
                    string.Equals(part, All, StringComparison.OrdinalIgnoreCase) ? Enumerable.Range(0, count)
                    : Find(part, count, names) is { } one ? [one]
                    : throw Unknown(part, count, names));
            }
        }

        return chosen;
    }

    /// <summary>How a class is shown: its name, or its number.</summary>
    public static string Show(int label, ClassNames? names) => names?[label] ?? label.ToString(CultureInfo.InvariantCulture);

    private static int? Find(string text, int count, ClassNames? names) =>
        string.IsNullOrWhiteSpace(text) ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < count ? number
        : names?.Find(text) is { } label && label < count ? label
        : null;

    private static ConsistencyModelsException Unknown(string text, int count, ClassNames? names)
    {
        var all = names?.ById.Values.ToArray() ?? [];
        var known = all.Length == 0 ? "its classes have no names"
            : all.Length <= ListedAtMost ? $"its classes are {string.Join(", ", all)}"
            : $"`cm info MODEL` lists its {all.Length} names";
        return new($"--classes: there is no class '{text}'.{NearNames.Hint(text, all.SelectMany(name => name.Split(',', StringSplitOptions.TrimEntries)))} Expected 0 to {count - 1} or a name; {known}");
    }
}
