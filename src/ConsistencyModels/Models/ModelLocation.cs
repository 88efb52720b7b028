using ConsistencyModels.Checkpoints;
using ConsistencyModels.Hub;

namespace ConsistencyModels.Models;

/// <summary>Finds a model by whatever people call it, and downloads it if need be.</summary>
public static class ModelLocation
{
    /// <summary>Finds a model.</summary>
    /// <param name="nameOrPath">
    /// A folder or file, which wins where it exists; "organisation/name" on the Hub; one of <see cref="PublishedCheckpoints"/>; or
    /// an address beginning with https://.
    /// </param>
    /// <param name="options">Revision, variant, and where from and to; null for the defaults.</param>
    /// <param name="progress">Receives how far a download is; called from any thread.</param>
    /// <param name="cancellationToken">Ends a download; what arrived is kept for the next one.</param>
    /// <returns>A folder or file that is there.</returns>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="ConsistencyModelsException">There is no such file or folder, and the name means nothing else.</exception>
    public static async Task<string> FindAsync(
        string nameOrPath, ModelOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        if (IsOnDisk(nameOrPath))
        {
            return nameOrPath;
        }

        try
        {
            return await DownloadAsync(nameOrPath, options, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException e) when (IsRepository(nameOrPath))
        {
            // "runs/mine" with a spelling mistake looks like a repository: the message must not be about the Hub alone.
            throw new HubException($"{e.Message} ('{nameOrPath}' is not a file or folder here, so the Hub was asked)", e);
        }
    }

    /// <summary>Downloads a model, whatever is on disk; what is in the cache is not downloaded again.</summary>
    /// <param name="name">"organisation/name" on the Hub, one of <see cref="PublishedCheckpoints"/>, or an address.</param>
    /// <param name="options">Revision, variant, and where from and to; null for the defaults.</param>
    /// <param name="progress">Receives how far it is; called from any thread.</param>
    /// <param name="cancellationToken">Ends it; what arrived is kept for the next one.</param>
    /// <returns>The folder or file in the cache.</returns>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="ConsistencyModelsException">The name means nothing that could be.</exception>
    public static async Task<string> DownloadAsync(
        string name, ModelOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!IsRemote(name, out var address))
        {
            throw Missing(name);
        }

        using var client = new HubClient(options?.Hub);
        return await (address is not null
            ? client.DownloadUrlAsync(address, progress, cancellationToken)
            : client.DownloadPipelineAsync(name, options?.Revision, options?.Variant, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Whether a name is that of a folder or file, which <see cref="FindAsync"/> takes before any other meaning.</summary>
    /// <param name="nameOrPath">The name.</param>
    public static bool IsOnDisk(string nameOrPath) => Directory.Exists(nameOrPath) || File.Exists(nameOrPath);

    /// <summary>Whether a name is one that <see cref="FindAsync"/> would look for elsewhere, were it not on disk.</summary>
    /// <param name="nameOrPath">The name.</param>
    public static bool IsRemote(string nameOrPath) => IsRemote(nameOrPath, out _);

    /// <summary>Whether a name is that of a repository on the Hub: it has revisions, variants and files.</summary>
    /// <param name="name">The name.</param>
    public static bool IsRepository(string name) => IsRemote(name, out var address) && address is null;

    /// <summary>That a name is not a folder or file, and means nothing else.</summary>
    internal static ConsistencyModelsException Missing(string nameOrPath) => new(
        $"{nameOrPath}: there is no such file or folder; expected a model's folder or file, organisation/name on the Hub, or one of openai's checkpoints such as {PublishedCheckpoints.Names[1]}");

    // A name without a slash is a mistyped path more often than one of the few repositories without an organisation; and one that
    // ends as files do is that of a file that is not where it was looked for.
    private static bool IsRemote(string name, out Uri? address)
    {
        address = PublishedCheckpoints.Find(name);
        if (address is null && (name.StartsWith("https://", StringComparison.Ordinal) || name.StartsWith("http://", StringComparison.Ordinal)))
        {
            Uri.TryCreate(name, UriKind.Absolute, out address);
        }

        return address is not null
            || (name.Contains('/', StringComparison.Ordinal) && HubRepositoryId.TryParse(name) is not null && !ModelLayout.IsTorch(name) && !ModelLayout.IsSafetensors(name));
    }
}
