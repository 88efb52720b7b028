
namespace ConsistencyModels.Hub;

/// <summary>
/// Downloads models from the Hub, and checkpoints from other addresses, into the cache that huggingface_hub uses. Files that
/// are there are not downloaded again; interrupted downloads are resumed, also by another process. Thread-safe.
/// </summary>
public sealed class HubClient : IDisposable
{
    private const string DefaultRevision = "main";
    private readonly HubOptions _options;
    private readonly HubHttp _http;
    private readonly HubProtocol _protocol;

    /// <summary>Creates a client.</summary>
    /// <param name="options">Where from and to; null for <see cref="HubOptions.FromEnvironment"/>.</param>
    /// <exception cref="HubException">An environment variable has a value that makes no sense.</exception>
    public HubClient(HubOptions? options = null)
    {
        _options = options ?? HubOptions.FromEnvironment();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.Parallel, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.ChunkSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.Retries, nameof(options));
        _http = new HubHttp(_options);
        _protocol = new HubProtocol(_http, _options);
    }

    /// <summary>Makes sure that a model is in the cache, a pipeline or a network: its configurations and the weights that will be read, and nothing else.</summary>
    /// <param name="repository">"organisation/name".</param>
    /// <param name="revision">A branch, a tag or a commit; null for "main". A commit that is complete in the cache needs no network.</param>
    /// <param name="variant">A variant of the weights such as "fp16"; null for the plain ones.</param>
    /// <param name="progress">Receives how far every file is; called from any thread.</param>
    /// <param name="cancellationToken">Ends the download; what arrived is kept for the next one.</param>
    /// <returns>The snapshot's folder.</returns>
    /// <exception cref="HubException">It is not there, not open to you, or cannot be downloaded, and is not in the cache.</exception>
    public async Task<string> DownloadPipelineAsync(
        string repository, string? revision = null, string? variant = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var id = HubRepositoryId.Parse(repository);
        revision ??= DefaultRevision;
        _ = HubNames.Revision(revision);
        var cache = new CacheRepository(_options.CacheFolder, id.FolderName);
        var cached = cache.Commit(revision) is { } known && PipelineFileList.IsComplete(cache.Snapshot(known), variant) ? cache.Snapshot(known) : null;
        if (cached is not null && (_options.Offline || HubNames.IsCommit(revision)))
        {
            return cached;
        }

        ThrowIfOffline($"{id}@{revision}", () => Hint(cache, revision, commit => PipelineFileList.IsComplete(cache.Snapshot(commit), variant)));
        string? current = null;
        try
        {
            var (commit, files) = await _protocol.ListAsync(id, revision, cancellationToken).ConfigureAwait(false);
            current = commit;
            var (configurations, folder) = PipelineFileList.Configurations(id, files);
            foreach (var file in configurations)
            {
                await FetchAsync(cache, id, commit, file, progress, cancellationToken).ConfigureAwait(false);
            }

            var weights = await FetchAsync(cache, id, commit, PipelineFileList.Weights(id, files, folder, variant), progress, cancellationToken).ConfigureAwait(false);
            foreach (var shard in PipelineFileList.Shards(weights, folder))
            {
                await FetchAsync(cache, id, commit, shard, progress, cancellationToken).ConfigureAwait(false);
            }

            cache.SetCommit(revision, commit);
            return cache.Snapshot(commit);
        }
        catch (HubUnreachableException) when (cached is not null)
        {
            return cached; // as huggingface_hub does: without a network the last known state
        }
        catch (Exception e) when (NotStored(e))
        {
            throw Unwritable(e, $"{id}@{revision}", cache, revision, current, cached is not null);
        }
    }

    /// <summary>Makes sure that one file of a repository is in the cache.</summary>
    /// <param name="repository">"organisation/name".</param>
    /// <param name="file">The file's path in the repository, with slashes.</param>
    /// <param name="revision">A branch, a tag or a commit; null for "main".</param>
    /// <param name="progress">Receives how far the file is; called from any thread.</param>
    /// <param name="cancellationToken">Ends the download; what arrived is kept for the next one.</param>
    /// <returns>The file's path in the snapshot.</returns>
    /// <exception cref="HubException">As for <see cref="DownloadPipelineAsync"/>.</exception>
    public async Task<string> DownloadFileAsync(
        string repository, string file, string? revision = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var id = HubRepositoryId.Parse(repository);
        revision ??= DefaultRevision;
        _ = HubNames.Revision(revision);
        var cache = new CacheRepository(_options.CacheFolder, id.FolderName);
        var cached = cache.Commit(revision) is { } known && cache.Has(known, file) ? cache.Pointer(known, file) : null;
        if (cached is not null && (_options.Offline || HubNames.IsCommit(revision)))
        {
            return cached;
        }

        ThrowIfOffline($"{id}/{file}", () => Hint(cache, revision, commit => cache.Has(commit, file)));
        string? current = null;
        try
        {
            var remote = await _protocol.ResolveAsync(id, revision, file, cancellationToken).ConfigureAwait(false);
            current = remote.Commit;
            await new BlobDownload(_http, _options, cache, progress).EnsureAsync(remote, cancellationToken).ConfigureAwait(false);
            cache.SetCommit(revision, remote.Commit!);
            return cache.Link(remote.Commit!, file, remote.ETag);
        }
        catch (HubUnreachableException) when (cached is not null)
        {
            return cached;
        }
        catch (Exception e) when (NotStored(e))
        {
            throw Unwritable(e, $"{id}/{file}", cache, revision, current, cached is not null);
        }
    }

    /// <summary>Makes sure that a file from any address is in the cache, openai's published checkpoints for instance. The token is sent to the Hub's own address only.</summary>
    /// <param name="address">The address; the last part of its path names the file.</param>
    /// <param name="progress">Receives how far the file is; called from any thread.</param>
    /// <param name="cancellationToken">Ends the download; what arrived is kept for the next one.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="HubException">It is not there or cannot be downloaded, and is not in the cache.</exception>
    public async Task<string> DownloadUrlAsync(Uri address, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || address.Scheme is not ("https" or "http"))
        {
            throw new HubException($"{Printable.Line(address.ToString())}: not an address to download from, expected https://");
        }

        var name = Uri.UnescapeDataString(address.Segments[^1]);
        _ = HubNames.File(name);
        var cache = new CacheRepository(_options.UrlCacheFolder, UrlFolder(address));
        var latest = cache.Commit(DefaultRevision) is { } known && cache.Has(known, name) ? cache.Pointer(known, name) : null;
        if (latest is not null && _options.Offline)
        {
            return latest;
        }

        ThrowIfOffline(name);
        try
        {
            var remote = await _protocol.DescribeAsync(address, name, cancellationToken).ConfigureAwait(false);
            await new BlobDownload(_http, _options, cache, progress).EnsureAsync(remote, cancellationToken).ConfigureAwait(false);

            // Outside the Hub there are no commits: a hash of the content's name stands for one.
            var commit = Sha1(remote.ETag);
            var path = cache.Link(commit, name, remote.ETag);
            cache.SetCommit(DefaultRevision, commit);
            return path;
        }
        catch (HubUnreachableException) when (latest is not null)
        {
            return latest;
        }
        catch (Exception e) when (NotStored(e))
        {
            throw Unwritable(e, name, cache, DefaultRevision, null, latest is not null);
        }
    }

    /// <summary>Closes connections. Downloads under way fail.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<string> FetchAsync(
        CacheRepository cache, HubRepositoryId id, string commit, string file, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        if (cache.Has(commit, file))
        {
            return cache.Pointer(commit, file); // what a commit holds never changes
        }

        var remote = await _protocol.ResolveAsync(id, commit, file, cancellationToken).ConfigureAwait(false);
        await new BlobDownload(_http, _options, cache, progress).EnsureAsync(remote, cancellationToken).ConfigureAwait(false);
        return cache.Link(commit, file, remote.ETag);
    }

    private void ThrowIfOffline(string what, Func<string>? hint = null)
    {
        if (_options.Offline)
        {
            throw new HubException($"{what}: not complete in {_options.CacheFolder}, and HF_HUB_OFFLINE forbids to download it{hint?.Invoke()}");
        }
    }

    // A copy of a cache may lack its refs/, and a branch that nobody looked up is not in them: what is there has a name all the same.
    private static string Hint(CacheRepository cache, string revision, Predicate<string> has)
    {
        string[] there = HubNames.IsCommit(revision) ? [] : [.. cache.Commits().Where(commit => has(commit))];
        return there.Length == 0 ? "" : $"; there is no commit for {Printable.Quote(revision)} there, but all of it at {string.Join(", ", there)}: give that as the revision (--revision)";
    }

    private static bool NotStored(Exception e) => e is NotStoredException or IOException or UnauthorizedAccessException;

    private static HubException Unwritable(Exception e, string what, CacheRepository cache, string revision, string? current, bool usable)
    {
        var moved = usable && cache.Commit(revision) is { } known
            ? $"{(current is null || current == known ? "" : $"; the Hub has moved on to {current}")}; HF_HUB_OFFLINE=1{(HubNames.IsCommit(revision) ? "" : $" or --revision {known}")} uses what is there"
            : "";
        return new HubException($"{what}: the cache {cache.Folder} cannot be written: {Printable.Line((e as NotStoredException)?.InnerException?.Message ?? e.Message)}{moved}", e);
    }

    private static string UrlFolder(Uri address) => $"urls--{Sha1(address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped))}";

#pragma warning disable CA5350 // A name, not a signature.
    private static string Sha1(string text) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
}
