namespace ConsistencyModels.Hub;

/// <summary>Where models are downloaded from and to. The defaults are those of huggingface_hub, so that both share one cache.</summary>
public sealed record HubOptions
{
    /// <summary>The Hub, or a mirror that speaks its protocol (HF_ENDPOINT).</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The cache's folder (HF_HUB_CACHE, or hub/ in HF_HOME).</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Where files from other addresses than the Hub go, in the same layout.</summary>
    public required string UrlCacheFolder { get; init; }

    /// <summary>The access token (HF_TOKEN, or the file that <c>hf auth login</c> writes), sent to <see cref="Endpoint"/> and nowhere else; or null.</summary>
    public string? Token { get; init; }

    /// <summary>Use what is in the cache and touch no network (HF_HUB_OFFLINE).</summary>
    public bool Offline { get; init; }

    /// <summary>Ranges of a file fetched at the same time.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Bytes of one range. Up to <see cref="Parallel"/> of them are in memory.</summary>
    public int ChunkSize { get; init; } = 8 << 20;

    /// <summary>Attempts after the first, for a request or for a connection that broke without bringing anything.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The first pause between attempts; it doubles, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause, also where the server asks for a longer one.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may bring next to nothing (fewer than 16 KB) before it is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The settings that huggingface_hub would use: environment variables, else its defaults.</summary>
    /// <exception cref="HubException">A variable has a value that makes no sense.</exception>
    public static HubOptions FromEnvironment() => HubEnvironment.Read(Environment.GetEnvironmentVariable);

    /// <summary>Without the token.</summary>
    public override string ToString() => $"{Endpoint} -> {CacheFolder}{(Offline ? " (offline)" : "")}";
}

/// <summary>How far the download of a file is.</summary>
/// <param name="File">The file's name in its repository.</param>
/// <param name="Received">Bytes that are on disk, those of an earlier attempt included.</param>
/// <param name="Total">Bytes of the whole file.</param>
public readonly record struct HubProgress(string File, long Received, long Total);
