namespace ConsistencyModels.Cli;

/// <summary>The folders above a result: made where they are missing, by every command alike.</summary>
internal static class OutputFolder
{
    /// <summary>Makes the folder that a file or folder will be written into.</summary>
    /// <param name="path">What will be written.</param>
    /// <exception cref="ConsistencyModelsException">It cannot be made.</exception>
    public static void MakeAbove(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Make(folder);
        }
    }

    /// <summary>Refuses a file's name that is a folder's, before the work.</summary>
    /// <param name="option">What said it.</param>
    /// <param name="path">The name.</param>
    /// <exception cref="ConsistencyModelsException">A folder is there.</exception>
    public static void ThrowIfFolder(string option, string path)
    {
        if (Directory.Exists(path))
        {
            throw new ConsistencyModelsException($"{option} {path}: a folder, expected a file's name");
        }
    }

    /// <summary>Makes a folder.</summary>
    /// <exception cref="ConsistencyModelsException">It cannot be made.</exception>
    public static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"the folder {folder} cannot be made: {e.Message}", e);
        }
    }
}
