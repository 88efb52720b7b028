using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConsistencyModels.Hub;

namespace ConsistencyModels.Tests.Hub;

/// <summary>A Hub with one repository, org/model, whose large files live on another host, as on the real one.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private readonly TempFolder _folder = new();
    private readonly RawServer _hub;
    private readonly RawServer _storage;

    public FakeHub(bool large = true)
    {
        var tiny = RepositoryFiles.Golden("openai", "tiny", "diffusers");
        foreach (var file in Directory.EnumerateFiles(tiny, "*", SearchOption.AllDirectories))
        {
            Files[Path.GetRelativePath(tiny, file).Replace('\\', '/')] = File.ReadAllBytes(file);
        }

        Files["unet/diffusion_pytorch_model.bin"] = [1, 2, 3];
        Files["README.md"] = "# not needed"u8.ToArray();
        Large = large;
        _storage = new RawServer(request => OnStorage?.Invoke(request) ?? Content(request, Files[request.Path[1..].Split('?')[0]]));
        _hub = new RawServer(request => OnHub?.Invoke(request) ?? Answer(request));
        Options = new HubOptions
        {
            Endpoint = _hub.Address,
            CacheFolder = _folder.File("hub"),
            UrlCacheFolder = _folder.File("urls"),
            Token = "hf_secret",
            ChunkSize = 100_000,
            Retries = 3,
            RetryDelay = TimeSpan.FromMilliseconds(5),
            LongestDelay = TimeSpan.FromMilliseconds(50),
            StallTimeout = TimeSpan.FromSeconds(5),
        };
    }

    public Dictionary<string, byte[]> Files { get; } = [];

    public bool Large { get; }

    public HubOptions Options { get; set; }

    public RawServer Hub => _hub;

    public RawServer Storage => _storage;

    /// <summary>Overrides an answer of the Hub; null leaves it.</summary>
    public Func<RawRequest, RawAnswer?>? OnHub { get; set; }

    /// <summary>Overrides an answer of the storage host; null leaves it.</summary>
    public Func<RawRequest, RawAnswer?>? OnStorage { get; set; }

    /// <summary>What tells a process of its own to use this Hub and its cache.</summary>
    public Dictionary<string, string> Environment(string offline = "0") => new()
    {
        ["HF_ENDPOINT"] = _hub.Address.ToString(),
        ["HF_HUB_CACHE"] = Options.CacheFolder,
        ["HF_HUB_OFFLINE"] = offline,
        ["HF_TOKEN"] = "hf_secret",
        ["XDG_CACHE_HOME"] = _folder.File("xdg"),
    };

    public string CacheFile(params string[] parts) => Path.Combine([Options.CacheFolder, "models--org--model", .. parts]);

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static string GitSha1(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]));

    /// <summary>The honest answer to a request for content, ranges included.</summary>
    public static RawAnswer Content(RawRequest request, byte[] content, Dictionary<string, string>? headers = null)
    {
        headers ??= [];
        if (request.Range is not { } range)
        {
            return new RawAnswer(200, content) { Headers = headers };
        }

        headers["Content-Range"] = string.Create(CultureInfo.InvariantCulture, $"bytes {range.From}-{range.To}/{content.Length}");
        return new RawAnswer(206, content[(int)range.From..((int)range.To + 1)]) { Headers = headers };
    }

    public void Dispose()
    {
        _hub.Dispose();
        _storage.Dispose();
        _folder.Dispose();
    }

    private RawAnswer Answer(RawRequest request)
    {
        if (request.Path.StartsWith("/api/models/org/model/revision/", StringComparison.Ordinal))
        {
            var siblings = string.Join(",", Files.Keys.Select(file => $$"""{"rfilename":"{{file}}"}"""));
            return new RawAnswer(200, Encoding.UTF8.GetBytes($$"""{"sha":"{{Commit}}","siblings":[{{siblings}}]}"""));
        }

        var parts = request.Path.Split('/', 6); // "", org, model, resolve, revision, file
        if (parts.Length < 6 || parts[3] != "resolve" || !Files.TryGetValue(parts[5], out var content))
        {
            return new RawAnswer(404, []) { Headers = { ["X-Error-Code"] = parts.Length == 6 ? "EntryNotFound" : "RepoNotFound" } };
        }

        return Large && content.Length > 10_000
            ? new RawAnswer(302, [])
            {
                Headers =
                {
                    ["X-Repo-Commit"] = Commit,
                    ["X-Linked-Etag"] = $"\"{Sha256(content)}\"",
                    ["X-Linked-Size"] = content.Length.ToString(CultureInfo.InvariantCulture),
                    ["Location"] = $"{_storage.Address}{parts[5]}?signature=1",
                },
            }
            : Content(request, content, new() { ["X-Repo-Commit"] = Commit, ["ETag"] = $"\"{GitSha1(content)}\"" });
    }
}
