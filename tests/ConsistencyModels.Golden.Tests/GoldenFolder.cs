namespace ConsistencyModels.Golden.Tests;

/// <summary>The recorded cases: those of the repository, or of the folder that GOLDEN_DIR names.</summary>
internal static class GoldenFolder
{
    internal static string Root { get; } = Environment.GetEnvironmentVariable("GOLDEN_DIR") is { Length: > 0 } given
        ? Path.GetFullPath(given)
        : InRepository();

    /// <summary>Path (relative to <see cref="Root"/>, with slashes) and kind of every JSON file that has a kind, in order.</summary>
    internal static IReadOnlyList<(string Path, string Kind)> Cases { get; } = CasesIn(Root);

    internal static IReadOnlyList<(string Path, string Kind)> CasesIn(string root) =>
    [
        .. from file in Directory.EnumerateFiles(root, "*.json", SearchOption.AllDirectories)
           let kind = KindOf(file)
           where kind is not null && !GoldenChecks.Accompanying.Contains(kind)
           let path = Path.GetRelativePath(root, file).Replace('\\', '/')
           orderby path
           select (path, kind),
    ];

    /// <summary>The folder in the repository, found from where the tests run.</summary>
    internal static string InRepository() => Path.Combine(RepositoryRoot(), "tests", "golden");

    /// <summary>
    /// A file or folder that a case refers to by its path from the root: a network, say. A folder with new cases alone need not
    /// repeat it.
    /// </summary>
    internal static string Find(string path)
    {
        var beside = Path.Combine(Root, path);
        return Path.Exists(beside) ? beside : Path.Combine(InRepository(), path);
    }

    private static string? KindOf(string file)
    {
        var root = GoldenCase.Parse(File.ReadAllText(file));
        return root.ValueKind == System.Text.Json.JsonValueKind.Object && root.TryGetProperty("kind", out var kind) ? kind.GetString() : null;
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("*.slnx").Any())
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No solution file above {AppContext.BaseDirectory}: set GOLDEN_DIR.");
    }
}
