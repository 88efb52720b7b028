namespace ConsistencyModels.Data.Sources;

/// <summary>Paths without links in them: two that are equal are one folder.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>The path itself, where none of its parts is a link.</summary>
    /// <exception cref="IOException">Its links lead in a ring.</exception>
    public static string Of(string path) => Of(path, 0);

    private static string Of(string path, int links)
    {
        string full = Path.GetFullPath(path);
        string current = Path.GetPathRoot(full)!;
        foreach (string part in full[current.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            string next = Path.Combine(current, part);
            current = new DirectoryInfo(next).LinkTarget is not { } target ? next
                : links < MostLinks ? Of(Path.Combine(current, target), links + 1)
                : throw new IOException($"{path}: its links lead in a ring");
        }

        return current;
    }
}
