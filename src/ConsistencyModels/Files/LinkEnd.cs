namespace ConsistencyModels.Files;

/// <summary>
/// Where links lead. .NET's <see cref="FileInfo"/> tells the length and the times of a link itself, not those of the file that is read when it is
/// opened: a bound on length, or a note of whether a file has changed, has to be of the latter.
/// </summary>
public static class LinkEnd
{
    /// <summary>The file that is read when a path is opened: itself, or the end of its links.</summary>
    /// <param name="path">A path; there need not be anything. A pipe that is named by a link (<c>/dev/fd/63</c>) stays what it is.</param>
    /// <exception cref="IOException">The links lead in a ring.</exception>
    public static FileInfo InfoOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileInfo end = new(Links.End(path));
        return end.Exists ? end : new(path);
    }
}
