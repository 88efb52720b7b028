using System.IO.Compression;

namespace ConsistencyModels.Data;

/// <summary>The image files of a .zip archive. Nothing is extracted to disk.</summary>
internal sealed class ZipImageSource : IImageSource
{
    private readonly Lock _gate = new();
    private readonly ZipArchive _archive;
    private readonly ZipArchiveEntry[] _entries;
    private readonly string[] _paths;
    private readonly long _maxFileBytes;

    public ZipImageSource(string file, ImageFolderOptions options)
    {
        Name = file;
        _maxFileBytes = options.MaxFileBytes;
        try
        {
            _archive = ZipFile.OpenRead(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ConsistencyModelsException($"{file}: cannot be opened as a .zip archive: {e.Message}", e);
        }

        try
        {
            if (_archive.Entries.Count > options.MaxEntries)
            {
                throw ImageSource.TooMany(file, options.MaxEntries);
            }

            // A name with backslashes comes from an old Windows archiver; it means the same path.
            (string Path, ZipArchiveEntry Entry)[] images =
            [
                .. _archive.Entries.Select(e => (Path: e.FullName.Replace('\\', '/').TrimStart('/'), Entry: e))
                    .Where(e => ImageSource.IsImage(e.Path))
                    .OrderBy(e => e.Path, StringComparer.Ordinal),
            ];
            _paths = [.. images.Select(e => e.Path)];
            _entries = [.. images.Select(e => e.Entry)];
        }
        catch (InvalidDataException e)
        {
            _archive.Dispose();
            throw new ConsistencyModelsException($"{file}: the archive's directory is damaged: {e.Message}", e);
        }
        catch
        {
            _archive.Dispose();
            throw;
        }
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths => _paths;

    public byte[] Read(int index)
    {
        string name = $"{Name}/{_paths[index]}";

        // One archive has one position in its file: reading is serial, decoding is not.
        lock (_gate)
        {
            long claimed = _entries[index].Length;
            if (claimed > _maxFileBytes)
            {
                throw new ConsistencyModelsException($"{name}: {claimed} bytes; at most {_maxFileBytes} are accepted.");
            }

            try
            {
                using Stream stream = _entries[index].Open();
                byte[] bytes = new byte[claimed];
                int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                if (read < bytes.Length || stream.ReadByte() >= 0)
                {
                    throw new ConsistencyModelsException($"{name}: the archive's directory says {claimed} bytes, the entry has another length.");
                }

                return bytes;
            }
            catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException)
            {
                throw new ConsistencyModelsException($"{name}: cannot be read: {e.Message}", e);
            }
        }
    }

    public void Dispose() => _archive.Dispose();
}
