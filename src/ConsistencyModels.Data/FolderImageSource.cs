using System.IO.Enumeration;

namespace ConsistencyModels.Data;

/// <summary>The image files below a directory; linked files count, linked directories do not.</summary>
internal sealed class FolderImageSource : IImageSource
{
    private readonly long _maxFileBytes;
    private readonly string[] _paths;

    public FolderImageSource(string root, ImageFolderOptions options)
    {
        Name = root;
        _maxFileBytes = options.MaxFileBytes;
        List<string> paths = [];
        int seen = 0;

        // Linked files are read, linked directories are not entered: a loop of links would repeat its images.
        EnumerationOptions walk = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        FileSystemEnumerable<string> files = new(root, (ref FileSystemEntry e) => e.ToFullPath(), walk)
        {
            ShouldIncludePredicate = (ref FileSystemEntry e) => !e.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry e) => (e.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        try
        {
            foreach (string file in files)
            {
                if (++seen > options.MaxEntries)
                {
                    throw ImageSource.TooMany(root, options.MaxEntries);
                }

                string relative = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
                if (ImageSource.IsImage(relative))
                {
                    paths.Add(relative);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{root}: cannot be listed: {e.Message}", e);
        }

        paths.Sort(StringComparer.Ordinal);
        _paths = [.. paths];
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths => _paths;

    public byte[] Read(int index)
    {
        string file = Path.Combine(Name, _paths[index]);
        try
        {
            long length = new FileInfo(file).Length;
            if (length > _maxFileBytes)
            {
                throw new ConsistencyModelsException($"{file}: {length} bytes; at most {_maxFileBytes} are accepted.");
            }

            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    public void Dispose()
    {
    }
}
