using System.Text.RegularExpressions;

namespace ConsistencyModels.Tests.Architecture;

/// <summary>Which namespaces the files of a folder name in using directives or in full: constants and names alone are seen here only.</summary>
internal static partial class SourceUsings
{
    /// <summary>Pairs of a file's own namespace and one that it names, of those that begin with <paramref name="root"/>.</summary>
    public static IReadOnlySet<(string User, string Used)> Of(string folder, string root)
    {
        var uses = new HashSet<(string, string)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(path);
            if (OwnNamespace().Match(text) is { Success: true } own)
            {
                uses.UnionWith(Directive().Matches(text).Select(used => used.Groups[1].Value)
                    .Where(used => used.StartsWith(root, StringComparison.Ordinal)).Select(used => (own.Groups[1].Value, used)));
            }
        }

        return uses;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex OwnNamespace();

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Directive();
}
