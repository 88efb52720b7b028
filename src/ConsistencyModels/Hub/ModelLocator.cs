namespace ConsistencyModels.Hub;

/// <summary>Finds a model by whatever people call it, and downloads it if need be.</summary>
public static class ModelLocator
{
    /// <summary>Finds a model.</summary>
    /// <param name="model">
    /// A folder or file, which wins where it exists; "organisation/name" on the Hub; one of <see cref="PublishedCheckpoints"/>; or
    /// an address beginning with https://.
    /// </param>
    /// <param name="revision">A branch, tag or commit on the Hub; null for "main".</param>
    /// <param name="variant">A variant of the weights such as "fp16", or null.</param>
    /// <param name="options">Where from and to; null for <see cref="HubOptions.FromEnvironment"/>.</param>
    /// <param name="progress">Told how far a download is; from any thread.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <returns>A folder or file. A path that is none of these comes back as it is, for its reader to complain about.</returns>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    public static string Find(
        string model,
        string? revision = null,
        string? variant = null,
        HubOptions? options = null,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (Directory.Exists(model) || File.Exists(model) || !IsRemote(model, out var address))
        {
            return model;
        }

        // On a thread of the pool: the caller's may have a context that waits for itself.
        return Task.Run(
            async () =>
            {
                using var client = new HubClient(options);
                return address is null
                    ? await client.DownloadPipelineAsync(model, revision, variant, progress, cancellationToken).ConfigureAwait(false)
                    : await client.DownloadUrlAsync(address, progress, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Whether a name is one that <see cref="Find"/> would look for elsewhere, were it not on disk.</summary>
    /// <param name="model">The name.</param>
    public static bool IsRemote(string model) => IsRemote(model, out _);

    // A name without a slash is a mistyped path more often than one of the few repositories without an organisation.
    private static bool IsRemote(string model, out Uri? address)
    {
        address = PublishedCheckpoints.Find(model);
        if (address is null && (model.StartsWith("https://", StringComparison.Ordinal) || model.StartsWith("http://", StringComparison.Ordinal)))
        {
            Uri.TryCreate(model, UriKind.Absolute, out address);
        }

        return address is not null || (model.Contains('/', StringComparison.Ordinal) && HubRepositoryId.TryParse(model) is not null);
    }
}
