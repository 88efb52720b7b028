using ConsistencyModels.Server.Batching;

namespace ConsistencyModels.Server;

/// <summary>What is served, and how much of it. Bound from the configuration's section <see cref="Section"/>; docs/serving.md has a table.</summary>
public sealed class ServerOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "ConsistencyModels";

    /// <summary>The models by the name requests call them. At least one.</summary>
    public Dictionary<string, ServedModelOptions> Models { get; set; } = [];

    /// <summary>The model of requests that name none; null for the first by name, or the only one.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; set; } = "cpu";

    /// <summary>"f32", "f16" or "bf16".</summary>
    public string DType { get; set; } = "f32";

    /// <summary>What runs the networks, by name; null for the first that can.</summary>
    public string? Engine { get; set; }

    /// <summary>Compute threads, from 0; 0 leaves it to the engine.</summary>
    public int Threads { get; set; }

    /// <summary>
    /// Most bytes of the weights of all loaded models together; one is always let in. Past it the model that was used longest ago, and
    /// is not in use, is unloaded. 0 for no limit.
    /// </summary>
    public long ModelBytes { get; set; }

    /// <summary>
    /// Most pixels of a network call: see <see cref="BatcherOptions.PixelsAtOnce"/>. 0 for 4,096 for each thread of a processor, but no
    /// more than <see cref="BatcherOptions.DefaultPixelsAtOnce"/>, and for that elsewhere.
    /// </summary>
    public int PixelsAtOnce { get; set; }

    /// <summary>
    /// Most network calls of a model under way at once: see <see cref="BatcherOptions.CallsAtOnce"/>. 0 for two on a processor of several
    /// threads, and for one elsewhere.
    /// </summary>
    public int CallsAtOnce { get; set; }

    /// <summary>Keys, one of which every request under v1/ must have; none for a server that asks for none.</summary>
    public List<string> ApiKeys { get; set; } = [];

    /// <summary>Origins of pages on other hosts that may ask, such as "https://example.org"; the server's own page may always.</summary>
    public List<string> AllowedOrigins { get; set; } = [];

    /// <summary>Whether the page to play with is served.</summary>
    public bool Page { get; set; } = true;

    /// <summary>How long a server that was told to stop still takes requests while it says that it is not ready, for a load balancer to notice.</summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.Zero;

    /// <summary>How much a request, and all of them, may ask for.</summary>
    public ServerLimits Limits { get; set; } = new();
}

/// <summary>One model of a server.</summary>
public sealed class ServedModelOptions
{
    /// <summary>A folder, a file, a name on the Hub or an address: whatever <see cref="Pipelines.DiffusionPipeline.FromPretrained"/> takes.</summary>
    public string Path { get; set; } = "";

    /// <summary>Whether it is loaded before the server is ready; else by the first request for it.</summary>
    public bool Preload { get; set; } = true;

    /// <summary>
    /// What it is called where the commands and programs are shown that draw the same elsewhere; empty for the model that comes with the
    /// program. Null for its name on the Hub, or for one on disk its name here: nobody is told a path.
    /// </summary>
    public string? Called { get; set; }

    /// <summary>A branch, tag or commit of a model on the Hub; null for main.</summary>
    public string? Revision { get; set; }

    /// <summary>Which weights of a folder, such as "fp16"; null for the plain ones.</summary>
    public string? Variant { get; set; }
}

/// <summary>Bounds of a server. Each has a default that suits pictures of 32 to 256 pixels.</summary>
public sealed class ServerLimits
{
    /// <summary>Requests in the server at once, those that are drawn and those that wait: past it 429. From 1 to 10,000.</summary>
    public int Requests { get; set; } = 256;

    /// <summary>Pixels of the results and pictures of all requests in the server: past it 429. One request is always let in.</summary>
    public long Pixels { get; set; } = 1 << 24;

    /// <summary>Pictures of a request.</summary>
    public int Count { get; set; } = 64;

    /// <summary>Frames of an interpolation.</summary>
    public int Frames { get; set; } = 64;

    /// <summary>Steps of a sampler.</summary>
    public int Steps { get; set; } = 1000;

    /// <summary>Enlargement of pixels.</summary>
    public int Scale { get; set; } = 16;

    /// <summary>Pixels of one result, enlarged or not: width times height.</summary>
    public int ResultPixels { get; set; } = 1 << 20;

    /// <summary>Pixels of a picture that comes with a request.</summary>
    public int PicturePixels { get; set; } = 1 << 22;

    /// <summary>Bytes of a request's body.</summary>
    public int BodyBytes { get; set; } = 1 << 24;

    /// <summary>Bytes of all bodies that are being read: past it 429.</summary>
    public long AllBodyBytes { get; set; } = 1 << 28;

    /// <summary>The longest a request may take; one may ask for less.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>How long finished jobs, and answers under an Idempotency-Key, are kept.</summary>
    public TimeSpan Kept { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Finished jobs that are kept, and answers under a key.</summary>
    public int KeptCount { get; set; } = 1000;

    /// <summary>Bytes of finished jobs that are kept, and as many of answers under a key.</summary>
    public long KeptBytes { get; set; } = 1 << 28;
}
