using System.Globalization;
using System.IO.Enumeration;

namespace ConsistencyModels.Data.Sources;

/// <summary>The image files below a directory; linked files count, linked directories do not.</summary>
internal sealed class FolderImageSource : IImageSource
{
    private readonly long _maxFileBytes;
    private readonly Entry[] _entries;

    public FolderImageSource(string root, ImageDataSetOptions options)
    {
        Name = root;
        _maxFileBytes = options.MaxFileBytes;
        List<Entry> entries = [];
        int seen = 0;

        // Linked files are read, linked directories are not entered: a loop of links would repeat its images.
        EnumerationOptions walk = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        FileSystemEnumerable<Entry> files = new(root, (ref FileSystemEntry e) => Entry.Of(root, ref e), walk)
        {
            ShouldIncludePredicate = (ref FileSystemEntry e) => !e.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry e) => (e.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        try
        {
            foreach (Entry file in files)
            {
                if (++seen > options.MaxEntries)
                {
                    throw ImageSource.TooMany(root, options.MaxEntries);
                }

                if (ImageSource.IsImage(file.Path))
                {
                    entries.Add(file);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{root}: cannot be listed: {e.Message}", e);
        }

        entries.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        _entries = [.. entries];
        Paths = [.. _entries.Select(entry => entry.Path)];
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths { get; }

    public byte[] Read(int index) => Read(Path.Combine(Name, _entries[index].Path));

    public byte[]? ReadRootFile(string name) => Path.Combine(Name, name) is var file && File.Exists(file) ? Read(file) : null;

    public IEnumerable<string> Identity() =>
        [Path.GetFullPath(Name), .. _entries.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Path} {entry.Length} {entry.Written}"))];

    public void Dispose()
    {
    }

    private byte[] Read(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            if (stream.Length > _maxFileBytes)
            {
                throw new ConsistencyModelsException($"{file}: {stream.Length} bytes; at most {_maxFileBytes} are accepted.");
            }

            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConsistencyModelsException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    private readonly record struct Entry(string Path, long Length, long Written)
    {
        public static Entry Of(string root, ref FileSystemEntry entry)
        {
            string full = entry.ToFullPath();
            string relative = System.IO.Path.GetRelativePath(root, full).Replace(System.IO.Path.DirectorySeparatorChar, '/');

            // Of a link, what it leads to: that is what is read.
            return (entry.Attributes & FileAttributes.ReparsePoint) != 0 && File.ResolveLinkTarget(full, returnFinalTarget: true) is FileInfo { Exists: true } target
                ? new(relative, target.Length, target.LastWriteTimeUtc.Ticks)
                : new(relative, entry.Length, entry.LastWriteTimeUtc.Ticks);
        }
    }
}
