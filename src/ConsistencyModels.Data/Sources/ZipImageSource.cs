using System.IO.Compression;
using ConsistencyModels.Files;

namespace ConsistencyModels.Data.Sources;

/// <summary>The image files of a .zip archive. Nothing is extracted to disk.</summary>
internal sealed class ZipImageSource : IImageSource
{
    private readonly Lock _gate = new();
    private readonly ZipArchive _archive;
    private readonly ZipArchiveEntry[] _entries;
    private readonly Dictionary<string, ZipArchiveEntry> _rootFiles = new(StringComparer.Ordinal);
    private readonly string[] _paths;
    private readonly long _maxFileBytes;
    private readonly long _length;

    public ZipImageSource(string file, ImageDataSetOptions options)
    {
        Name = file;
        _maxFileBytes = options.MaxFileBytes;
        _archive = ZipFiles.Open(file);
        _length = LinkEnd.InfoOf(file).Length;
        try
        {
            IReadOnlyList<ZipArchiveEntry> all = ZipFiles.Entries(_archive, file, options.MaxEntries);
            string below = options.Split is null ? string.Empty : options.Split + "/";
            (string Path, ZipArchiveEntry Entry)[] files =
            [
                .. all.Select(e => (Path: ZipFiles.PathOf(e), Entry: e))
                    .Where(e => e.Path.StartsWith(below, StringComparison.Ordinal))
                    .Select(e => (Path: e.Path[below.Length..], e.Entry)),
            ];
            if (files.Length == 0 && options.Split is not null)
            {
                throw new ConsistencyModelsException($"{file}: has no sub-folder '{options.Split}'.");
            }

            foreach ((string path, ZipArchiveEntry entry) in files.Where(e => !e.Path.Contains('/', StringComparison.Ordinal)))
            {
                _rootFiles.TryAdd(path, entry);
            }

            (string Path, ZipArchiveEntry Entry)[] images =
                [.. files.Where(e => ImageSource.IsImage(e.Path)).OrderBy(e => e.Path, StringComparer.Ordinal)];
            LeftOut leftOut = new();
            foreach ((string path, _) in files.Where(e => !ImageSource.IsImage(e.Path)))
            {
                leftOut.Add(path);
            }

            if (images.Length > 0 && images.All(e => e.Entry.IsEncrypted))
            {
                throw new ConsistencyModelsException($"{file}: {ZipFiles.Encrypted}");
            }

            Notes = leftOut.Notes;
            _paths = [.. images.Select(e => e.Path)];
            _entries = [.. images.Select(e => e.Entry)];
        }
        catch
        {
            _archive.Dispose();
            throw;
        }
    }

    public string Name { get; }

    public IReadOnlyList<string> Paths => _paths;

    public IReadOnlyList<string> Notes { get; }

    public byte[] Read(int index) => Read(_entries[index], $"{Name}/{_paths[index]}");

    public byte[]? ReadRootFile(string name) => _rootFiles.TryGetValue(name, out ZipArchiveEntry? entry) ? Read(entry, $"{Name}/{name}") : null;

    public IEnumerable<string> Identity() => [ZipFiles.IdentityOf(Name), .. _paths];

    public void Dispose() => _archive.Dispose();

    private byte[] Read(ZipArchiveEntry entry, string name)
    {
        // One archive has one position in its file: reading is serial, decoding is not.
        lock (_gate)
        {
            long claimed = ZipFiles.LengthOf(entry, name, _maxFileBytes, _length);
            try
            {
                using Stream stream = entry.Open();
                byte[] bytes = new byte[claimed];
                int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                if (read < bytes.Length || stream.ReadByte() >= 0)
                {
                    throw new ConsistencyModelsException($"{name}: the archive's directory says {claimed} bytes, the entry has another length.");
                }

                return bytes;
            }
            catch (Exception e) when (ZipFiles.IsDamage(e))
            {
                throw new ConsistencyModelsException($"{name}: cannot be read: {e.Message}", e);
            }
        }
    }
}
