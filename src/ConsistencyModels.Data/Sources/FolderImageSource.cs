using System.Globalization;

namespace ConsistencyModels.Data.Sources;

/// <summary>The image files below a directory.</summary>
internal sealed class FolderImageSource : IImageSource
{
    private readonly long _maxFileBytes;
    private readonly IReadOnlyList<FoundFile> _entries;

    public FolderImageSource(string root, ImageDataSetOptions options)
    {
        Name = root;
        _maxFileBytes = options.MaxFileBytes;
        FolderWalk walk = FolderWalk.Of(root, options.MaxEntries);
        _entries = walk.Pictures;
        Notes = walk.Notes;
        Paths = [.. _entries.Select(entry => entry.Path)];
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths { get; }

    public IReadOnlyList<string> Notes { get; }

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
}
