using ConsistencyModels.Files;

namespace ConsistencyModels.Data.Storage;

/// <summary>Files of decoded data, which the next run reads instead of decoding again.</summary>
/// <param name="folder">Where they are; made when needed.</param>
/// <param name="mostBytes">Most bytes of all of them together.</param>
internal sealed class DecodedCache(string folder, long mostBytes)
{
    private const string Extension = ".records";

    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(2);

    /// <summary>The cache that the options name; null where there is no folder for one.</summary>
    public static DecodedCache? Of(ImageDataSetOptions options) =>
        options.CacheFolder is { Length: > 0 } given ? new(given, options.CacheBudget)
        : CacheFolders.FromEnvironment().Own is { } own ? new(Path.Combine(own, "data"), options.CacheBudget)
        : null;

    /// <summary>Opens the records of a key, or has them made. Of several processes one makes them, and the others wait.</summary>
    /// <param name="key">32 bytes that stand for everything the records depend on.</param>
    /// <param name="count">How many records there may be.</param>
    /// <param name="expected">How many bytes they take.</param>
    /// <param name="fill">Makes them; gives a line for each that is left out.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="ConsistencyModelsException">They cannot be kept: no room, or the folder cannot be written.</exception>
    public RecordFile GetOrAdd(byte[] key, int count, long expected, Func<IRecordWriter, IReadOnlyList<string>> fill, CancellationToken cancellation)
    {
        string path = PathOf(key, Extension);
        try
        {
            Directory.CreateDirectory(folder);
            using FileLock locked = FileLock.AcquireAsync(PathOf(key, ".lock"), cancellation).GetAwaiter().GetResult();
            if (RecordFile.TryOpen(path, key, count) is { } known)
            {
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow); // when it was last used
                return known;
            }

            TryDelete(path);
            MakeRoom(expected);
            RecordFileWriter.Write(path, key, count, fill);
            return RecordFile.TryOpen(path, key, count) ?? throw new ConsistencyModelsException($"{path}: was written and cannot be read.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{folder}: decoded data cannot be kept there: {e.Message}; set {CacheFolders.OwnVariable} to a folder of yours", e);
        }
    }

    /// <summary>A hash that was worked out from the records of a key before, or is now.</summary>
    /// <param name="key">As for the records.</param>
    /// <param name="what">A file name's part that stands for what else it depends on.</param>
    /// <param name="length">How many hexadecimal digits it has.</param>
    /// <param name="compute">Works it out.</param>
    public string GetOrCompute(byte[] key, string what, int length, Func<string> compute)
    {
        string path = PathOf(key, $"-{what}.txt");
        try
        {
            if (new FileInfo(path) is { Exists: true } file && file.Length == length && File.ReadAllText(path) is var known && known.All(char.IsAsciiHexDigitLower))
            {
                return known;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is worked out again.
        }

        string text = compute();
        try
        {
            AtomicFile.WriteAllText(path, text);
        }
        catch (ConsistencyModelsException)
        {
            // As above.
        }

        return text;
    }

    /// <summary>Deletes a file, if that can be done.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is in the way of nothing: what replaces it is renamed over it.
        }
    }

    private string PathOf(byte[] key, string extension) => Path.Combine(folder, Convert.ToHexStringLower(key.AsSpan(0, 16)) + extension);

    private void MakeRoom(long expected)
    {
        if (expected > mostBytes)
        {
            throw new ConsistencyModelsException($"{folder}: the decoded pictures take {expected} bytes; at most {mostBytes} are kept there (CacheBudget).");
        }

        // What a process that died left, and what was not used for longest.
        foreach (FileInfo left in new DirectoryInfo(folder).EnumerateFiles(".*.tmp").Where(file => file.LastWriteTimeUtc < DateTime.UtcNow - Abandoned))
        {
            TryDelete(left.FullName);
        }

        long kept = expected;
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*" + Extension).OrderByDescending(file => file.LastWriteTimeUtc))
        {
            kept += file.Length;
            if (kept > mostBytes)
            {
                TryDelete(file.FullName);
            }
        }

        long free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < expected)
        {
            throw new ConsistencyModelsException($"{folder}: the decoded pictures take {expected} bytes, and {free} are free there; name another cache folder, or allow more memory.");
        }
    }
}
