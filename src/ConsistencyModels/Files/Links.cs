namespace ConsistencyModels.Files;

/// <summary>Symbolic links to files.</summary>
internal static class Links
{
    /// <summary>Whether a path is a file, or a link that leads to one. <see cref="File.Exists"/> is true of a link to nothing.</summary>
    public static bool LeadsToFile(string path)
    {
        try
        {
            return File.Exists(path) && Target(path) is not { Exists: false };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a ring of links
        }
    }

    /// <summary>Where a link leads, at its end: also to a file that is yet to be made. The path itself, where it is no link.</summary>
    /// <exception cref="IOException">The links lead in a ring.</exception>
    public static string End(string path) =>
        new FileInfo(path).LinkTarget is null ? path : Target(path)?.FullName ?? path;

    // Of the full path: .NET takes the target of a relative link in the current folder for one at the root.
    private static FileSystemInfo? Target(string path) => File.ResolveLinkTarget(Path.GetFullPath(path), returnFinalTarget: true);
}
