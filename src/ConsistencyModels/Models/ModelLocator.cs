using ConsistencyModels.Hub;

namespace ConsistencyModels.Models;

/// <summary>Finds a model by whatever people call it, and downloads it if need be.</summary>
public static class ModelLocator
{
    // Such a name is that of a file that is not where it was looked for, hardly ever a repository's.
    private static readonly string[] FileEndings = [".pt", ".pth", ".ckpt", ".bin", ".safetensors"];

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
    /// <returns>A folder or file that is there.</returns>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="ConsistencyModelsException">There is no such file or folder, and the name means nothing else.</exception>
    public static string Find(
        string model,
        string? revision = null,
        string? variant = null,
        HubOptions? options = null,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (IsOnDisk(model))
        {
            return model;
        }

        if (!IsRemote(model, out var address))
        {
            throw new ConsistencyModelsException(
                $"{model}: there is no such file or folder; expected a model's folder or file, organisation/name on the Hub, or one of openai's checkpoints such as {PublishedCheckpoints.Names[1]}");
        }

        // On a thread of the pool: the caller's may have a context that waits for itself.
        return Task.Run(
            async () =>
            {
                using var client = new HubClient(options);
                return address is null
                    ? await FromHubAsync(client, model, revision, variant, progress, cancellationToken).ConfigureAwait(false)
                    : await client.DownloadUrlAsync(address, progress, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).GetAwaiter().GetResult();
    }

    // "runs/mine" with a spelling mistake looks like a repository: the message must not be about the Hub alone.
    private static async Task<string> FromHubAsync(
        HubClient client, string model, string? revision, string? variant, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return await client.DownloadPipelineAsync(model, revision, variant, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (HubException e)
        {
            throw new HubException($"{e.Message} ('{model}' is no file or folder here, so the Hub was asked)", e);
        }
    }

    /// <summary>Whether a name is that of a folder or file, which <see cref="Find"/> takes before any other meaning.</summary>
    /// <param name="model">The name.</param>
    public static bool IsOnDisk(string model) => Directory.Exists(model) || File.Exists(model);

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

        return address is not null
            || (model.Contains('/', StringComparison.Ordinal) && HubRepositoryId.TryParse(model) is not null && !FileEndings.Contains(Path.GetExtension(model)));
    }
}
