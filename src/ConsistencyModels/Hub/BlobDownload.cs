using ConsistencyModels.Files;

namespace ConsistencyModels.Hub;

/// <summary>Brings one blob into the cache: one process at a time, resumed where an earlier attempt ended, checked as it arrives.</summary>
internal sealed class BlobDownload(HubHttp http, HubOptions options, CacheRepository cache, IProgress<HubProgress>? progress)
{
    /// <summary>Makes sure that the blob is there.</summary>
    /// <exception cref="HubException">It cannot be downloaded, or is not what its name says; what was wrong is deleted.</exception>
    public async Task EnsureAsync(RemoteFile file, CancellationToken cancellationToken)
    {
        if (File.Exists(cache.Blob(file.ETag)))
        {
            return;
        }

        try
        {
            cache.MakeBlobs();
            using var mine = await FileLock.AcquireAsync(cache.Lock(file.ETag), cancellationToken).ConfigureAwait(false);
            if (!File.Exists(cache.Blob(file.ETag)))
            {
                await DownloadAsync(file, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (IOException e) when (AtomicFile.IsDiskFull(e))
        {
            throw new HubException($"{file.Name}: disk is full: {file.Size} bytes are needed in {Path.GetDirectoryName(cache.Blob(file.ETag))}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NotStoredException($"{file.Name}: cannot be stored: {Printable.Line(e.Message)}", e);
        }
    }

    private async Task DownloadAsync(RemoteFile file, CancellationToken cancellationToken)
    {
        var path = cache.Incomplete(file.ETag);
        var resumed = File.Exists(path);
        ThrowIfNoRoom(file, path, resumed ? new FileInfo(path).Length : 0);
        var problem = await WriteAsync(file, path, cancellationToken).ConfigureAwait(false);
        if (problem is not null && resumed)
        {
            // What was there need not be right: a computer that lost power may leave zeros.
            File.Delete(path);
            problem = await WriteAsync(file, path, cancellationToken).ConfigureAwait(false);
        }

        if (problem is not null)
        {
            File.Delete(path);
            throw new HubException($"{file.Name}: {problem}; the download was deleted");
        }

        File.Move(path, cache.Blob(file.ETag), overwrite: true);
    }

    // Before it fills the disk for everybody else.
    private static void ThrowIfNoRoom(RemoteFile file, string path, long there)
    {
        long free;
        try
        {
            free = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return; // a file system that does not tell
        }

        if (file.Size - there > free)
        {
            throw new HubException($"{file.Name}: disk is full: {file.Size - there} bytes are needed in {Path.GetDirectoryName(path)}, {free} are free");
        }
    }

    private async Task<string?> WriteAsync(RemoteFile file, string path, CancellationToken cancellationToken)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1, FileOptions.Asynchronous);
        await using (stream.ConfigureAwait(false))
        {
            if (stream.Length > file.Size)
            {
                stream.SetLength(0);
            }

            using var hash = await HashExistingAsync(stream, file, cancellationToken).ConfigureAwait(false);
            var download = new RangedDownload(http, options, file);
            ContentHash? fresh = null;
            try
            {
                if (stream.Length < file.Size)
                {
                    await download.RunAsync(stream.Length, bytes => TakeAsync(hash, bytes), cancellationToken).ConfigureAwait(false);
                }
            }
            catch (RangesIgnoredException)
            {
                stream.SetLength(0);
                stream.Position = 0;
                fresh = new ContentHash(file.ETag, file.Size);
                await WholeAsync(fresh).ConfigureAwait(false);
            }

            stream.Flush(flushToDisk: true);
            using (fresh)
            {
                return (fresh ?? hash).Problem();
            }

            async ValueTask TakeAsync(ContentHash content, ReadOnlyMemory<byte> bytes)
            {
                content.Append(bytes.Span);
                await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
                progress?.Report(new HubProgress(file.Name, stream.Position, file.Size));
            }

            async Task WholeAsync(ContentHash content)
            {
                try
                {
                    await download.RunWholeAsync(bytes => TakeAsync(content, bytes), cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (e is BrokenAnswerException or HttpRequestException or HttpIOException)
                {
                    throw new HubException($"{file.Name}: the download broke off at byte {stream.Position}, and the server cannot resume: {Printable.Line(e.Message)}", e);
                }
            }
        }
    }

    // What an earlier run left is part of the file's hash; it is read once, from the disk's cache if it was recent.
    private static async Task<ContentHash> HashExistingAsync(FileStream stream, RemoteFile file, CancellationToken cancellationToken)
    {
        var hash = new ContentHash(file.ETag, file.Size);
        var buffer = new byte[1 << 16];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            hash.Append(buffer.AsSpan(0, count));
        }

        return hash;
    }
}
