using System.Globalization;
using ConsistencyModels.Models;

namespace ConsistencyModels.Server.Drawing;

/// <summary>Classes by number or name.</summary>
internal static class ClassLabels
{
    private const int ListedAtMost = 20;

    /// <summary>The classes asked for; null where none are.</summary>
    /// <exception cref="ProblemException">The model has no such class.</exception>
    public static IReadOnlyList<int>? Of(IReadOnlyList<string>? texts, Model model)
    {
        if (texts is null)
        {
            return null;
        }

        if (model.Config.NumClassEmbeds is not { } count)
        {
            throw ProblemException.Of("classes", $"a list of {texts.Count}", "none: the model has no classes");
        }

        return [.. texts.Select((text, i) => Find(text, count, model.ClassNames) ?? throw Unknown(i, text, count, model.ClassNames))];
    }

    // A name that is a number goes before the number: folders are often called so.
    private static int? Find(string text, int count, ClassNames? names) =>
        names?.Find(text) is { } label && label < count ? label
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < count ? number
        : null;

    private static ProblemException Unknown(int index, string text, int count, ClassNames? names)
    {
        var all = names?.ById.Values.ToArray() ?? [];
        return ProblemException.Of($"classes[{index}]", Printable.Quote(text), $"0 to {count - 1}{(all.Length is > 0 and <= ListedAtMost ? $", or one of {string.Join(", ", all)}" : all.Length > 0 ? ", or a name of v1/models" : "")}");
    }
}
