using System.IO.Enumeration;

namespace ConsistencyModels.Data.Sources;

/// <summary>A file below a folder: its path with forward slashes, its length, and when it was written.</summary>
internal readonly record struct FoundFile(string Path, long Length, long Written);

/// <summary>
/// The pictures below a folder. Links are followed, and every folder is read once, however many ways lead to it: real folders come before
/// links. What is left out, and may be meant, is counted.
/// </summary>
internal sealed class FolderWalk
{
    // What cannot be decoded as UTF-8 comes out as this, and no name that can be opened.
    private const char Undecoded = '\uFFFD';

    private readonly string _root;
    private readonly int _most;
    private readonly List<FoundFile> _pictures = [];
    private readonly HashSet<string> _walked = new(StringComparer.Ordinal);
    private readonly List<string> _again = [];
    private readonly List<string> _dangling = [];
    private readonly LeftOut _leftOut = new();
    private int _seen;

    private FolderWalk(string root, int most)
    {
        _root = root;
        _most = most;
    }

    /// <summary>The pictures in ordinal order of their paths.</summary>
    public IReadOnlyList<FoundFile> Pictures => _pictures;

    /// <summary>What was left out, a sentence each.</summary>
    public IReadOnlyList<string> Notes =>
    [
        .. _leftOut.Notes,
        .. Note(_again, "linked folders are in it by another way too, and read once"),
        .. Note(_dangling, "links lead to nothing"),
    ];

    /// <summary>Walks through a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="most">The most files there may be.</param>
    /// <exception cref="ConsistencyModelsException">A folder cannot be listed, a name not be opened, or there are too many files.</exception>
    public static FolderWalk Of(string root, int most)
    {
        FolderWalk walk = new(root, most);
        try
        {
            walk.Follow();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{root}: cannot be listed: {e.Message}", e);
        }

        walk._pictures.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return walk;
    }

    private void Follow()
    {
        List<string> links = [];
        Walk(_root, RealPath.Of(_root), links);
        while (links.Count > 0)
        {
            string[] now = [.. links.Order(StringComparer.Ordinal)];
            links.Clear();
            foreach (string link in now)
            {
                string real = RealPath.Of(link);
                if (_walked.Contains(real))
                {
                    _again.Add(Below(link));
                }
                else
                {
                    Walk(link, real, links);
                }
            }
        }
    }

    private void Walk(string folder, string real, List<string> links)
    {
        _walked.Add(real);
        EnumerationOptions all = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        FileSystemEnumerable<FoundFile?> files = new(folder, (ref FileSystemEntry e) => Look(ref e, links), all)
        {
            ShouldRecursePredicate = (ref FileSystemEntry e) =>
                (e.Attributes & FileAttributes.ReparsePoint) == 0 && _walked.Add(Path.Combine(real, Path.GetRelativePath(folder, e.ToFullPath()))),
        };
        foreach (FoundFile? file in files)
        {
            if (file is { } picture)
            {
                _pictures.Add(picture);
            }
        }
    }

    private FoundFile? Look(ref FileSystemEntry entry, List<string> links)
    {
        string full = entry.ToFullPath();
        string path = Below(full);
        bool link = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
        if (entry.FileName.Contains(Undecoded) && (entry.IsDirectory || ImageSource.IsImage(path)) && !Path.Exists(full))
        {
            throw new ConsistencyModelsException(
                $"{_root}: the name {Printable.Quote(path)} is not UTF-8, so that it cannot be opened; rename it (convmv -r -f latin1 -t utf8 does).");
        }

        if (entry.IsDirectory)
        {
            if (link)
            {
                links.Add(full);
            }

            return null;
        }

        if (++_seen > _most)
        {
            throw ImageSource.TooMany(_root, _most);
        }

        // Of a link, what it leads to: that is what is read.
        FileInfo? target = null;
        try
        {
            target = link ? File.ResolveLinkTarget(full, returnFinalTarget: true) as FileInfo : null;
        }
        catch (IOException)
        {
            // A ring of links leads to nothing.
            _dangling.Add(path);
            return null;
        }

        if (target is { Exists: false })
        {
            _dangling.Add(path);
        }

        if (!ImageSource.IsImage(path))
        {
            _leftOut.Add(path);
            return null;
        }

        return target is { Exists: true } ? new(path, target.Length, target.LastWriteTimeUtc.Ticks) : new(path, entry.Length, entry.LastWriteTimeUtc.Ticks);
    }

    private string Below(string full) => Path.GetRelativePath(_root, full).Replace(Path.DirectorySeparatorChar, '/');

    private static IEnumerable<string> Note(List<string> paths, string what) =>
        paths.Count == 0 ? [] : [$"{paths.Count} {what}, such as {Printable.Quote(paths.Order(StringComparer.Ordinal).First())}"];
}

/// <summary>Counts the files that look like pictures and are of a kind that is not read.</summary>
internal sealed class LeftOut
{
    private static readonly string[] Kinds = [".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl", ".jp2", ".ppm", ".pgm", ".pnm", ".tga", ".psd", ".svg", ".exr", ".hdr", ".dng"];

    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>One sentence, or none.</summary>
    public IReadOnlyList<string> Notes => _counts.Count == 0
        ? []
        : [$"{_counts.Values.Sum()} files look like pictures and are of kinds that are not read: {string.Join(", ", _counts.Select(kind => $"{kind.Value} {kind.Key}"))}"];

    /// <summary>Looks at a file that is not read.</summary>
    public void Add(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (Array.IndexOf(Kinds, extension) >= 0 && !ImageSource.IsHidden(path))
        {
            _counts[extension] = _counts.GetValueOrDefault(extension) + 1;
        }
    }
}
