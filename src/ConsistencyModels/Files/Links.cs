namespace ConsistencyModels.Files;

/// <summary>Symbolic links to files.</summary>
internal static class Links
{
    /// <summary>Whether a path is a file, or a link that leads to one. <see cref="File.Exists"/> is true of a link to nothing.</summary>
    public static bool LeadsToFile(string path)
    {
        try
        {
            return File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is not { Exists: false };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a ring of links
        }
    }
}
