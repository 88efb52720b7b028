namespace ConsistencyModels.Cpu.Caching;

/// <summary>
/// Which files of packed weights are there, and when each was last used: the time of an empty file beside it. The file's own
/// times cannot say it, since to touch them is a change by which it would no longer be known.
/// </summary>
internal static class PackedFiles
{
    private const string UsedExtension = ".used";

    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(6);

    /// <summary>Makes the folder, for this user only.</summary>
    public static void Prepare(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Notes that a file is in use now.</summary>
    public static void Use(string path) => Quietly(() =>
    {
        using var marker = new FileStream(path + UsedExtension, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    });

    /// <summary>Removes a file. Whoever has mapped it keeps it until then.</summary>
    public static void Delete(string path)
    {
        Quietly(() => File.Delete(path));
        Quietly(() => File.Delete(path + UsedExtension));
    }

    /// <summary>Removes the files used longest ago until the rest has at most that size, and what a killed process left unfinished.</summary>
    public static void Trim(string folder, string extension, long mostBytes, string except)
    {
        foreach (var left in new DirectoryInfo(folder).EnumerateFiles(".*.tmp"))
        {
            if (left.LastWriteTimeUtc < DateTime.UtcNow - Abandoned)
            {
                Quietly(left.Delete);
            }
        }

        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + extension).OrderByDescending(LastUse))
        {
            if (file.FullName != Path.GetFullPath(except) && (mostBytes -= file.Length) < 0)
            {
                Delete(file.FullName);
            }
        }
    }

    private static DateTime LastUse(FileInfo file)
    {
        var marker = new FileInfo(file.FullName + UsedExtension);
        return marker.Exists ? marker.LastWriteTimeUtc : file.LastWriteTimeUtc;
    }

    private static void Quietly(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache is nobody's concern.
        }
    }
}
