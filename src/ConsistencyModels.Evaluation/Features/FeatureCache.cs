using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Files;

namespace ConsistencyModels.Evaluation.Features;

/// <summary>
/// Features of references, kept in <c>features</c> in the library's own cache folder under a hash of the pictures and the extractor: the next evaluation
/// against the same pictures reads them. Those that were not used for longest go first.
/// </summary>
public static class FeatureCache
{
    private const long Budget = 16L << 30;

    // Fewer are looked at again in seconds.
    private const int WorthKeeping = 1024;

    /// <summary>The folder of a set's features; null where this user has no cache folder, or there are so few that they are not kept.</summary>
    /// <param name="extraction">How they are taken.</param>
    /// <param name="pictures">Of what.</param>
    public static string? FolderOf(FeatureExtraction extraction, IPictureSet pictures)
    {
        ArgumentNullException.ThrowIfNull(extraction);
        ArgumentNullException.ThrowIfNull(pictures);
        return pictures.Count >= WorthKeeping && Root is { } root ? Path.Combine(root, extraction.KeyOf(pictures)[..32]) : null;
    }

    /// <summary>Notes that a folder was used, and deletes others where all together take too much.</summary>
    /// <param name="used">The folder.</param>
    /// <param name="budget">Most bytes of all; null for 16 GiB.</param>
    public static void Prune(string used, long? budget = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(used);
        try
        {
            Directory.SetLastWriteTimeUtc(used, DateTime.UtcNow);
            var left = budget ?? Budget;
            foreach (var folder in new DirectoryInfo(Path.GetDirectoryName(used)!).EnumerateDirectories().OrderByDescending(folder => folder.LastWriteTimeUtc))
            {
                left -= folder.EnumerateFiles().Sum(file => file.Length);
                if (left < 0 && folder.FullName != Path.GetFullPath(used))
                {
                    folder.Delete(recursive: true);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process may be at work there; it is tried again the next time.
        }
    }

    private static string? Root => CacheFolders.FromEnvironment().Own is { } own ? Path.Combine(own, "features") : null;
}
