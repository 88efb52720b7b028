using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Engines;
using ConsistencyModels.Files;
using ConsistencyModels.Models;
using ConsistencyModels.Server;

namespace ConsistencyModels.Cli.Serving;

/// <summary>The words of a <c>cm serve</c> command line; null where nothing was said.</summary>
internal sealed record ServeSettings
{
    /// <summary>The model that <c>--model</c> names, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>NAME=MODEL, or MODEL.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The address to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port; 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>A file of keys.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether models are loaded when they are asked for.</summary>
    public bool OnDemand { get; init; }

    /// <summary>Most weights in memory.</summary>
    public int? MemoryMebibytes { get; init; }

    /// <summary>Most requests at once.</summary>
    public int? Requests { get; init; }

    /// <summary>The longest a request may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>See <see cref="ServerOptions.DrainDelay"/>.</summary>
    public TimeSpan? DrainDelay { get; init; }

    /// <summary>A file of options.</summary>
    public string? Config { get; init; }

    /// <summary>Whether the page is served.</summary>
    public bool Page { get; init; } = true;

    /// <summary>Nothing but errors.</summary>
    public bool Quiet { get; init; }

    /// <summary>The engines, the one on the processor as the command line wants it.</summary>
    public EngineRegistry Engines => Engine.Engines.With(new CpuEngine(new CpuEngineOptions
    {
        Memory = Engine.LowMemory ? CpuMemory.Low : CpuMemory.Normal,
        PackedCache = Engine.PackedCache,
    }));

    /// <summary>Puts what was said over what the configuration says.</summary>
    /// <exception cref="ConsistencyModelsException">A file cannot be read, or two models have one name.</exception>
    public void ApplyTo(ServerOptions options)
    {
        AddModels(options);
        options.Device = Engine.Device;
        options.DType = Engine.DType.FormatName().ToLowerInvariant();
        options.Engine = Engine.Engine;
        options.Threads = Engine.Threads;
        options.Page &= Page;
        options.ModelBytes = MemoryMebibytes is { } mebibytes ? (long)mebibytes << 20 : options.ModelBytes;
        options.DrainDelay = DrainDelay ?? options.DrainDelay;
        options.Limits.Requests = Requests ?? options.Limits.Requests;
        options.Limits.Timeout = Timeout ?? options.Limits.Timeout;
        if (KeyFile is not null)
        {
            options.ApiKeys.AddRange(Keys(KeyFile));
        }
    }

    private void AddModels(ServerOptions options)
    {
        if (Engine.Model.Files with { Revision = null, Variant = null } != new ModelOptions())
        {
            throw new ConsistencyModelsException("--entry, --head-dim, --image-size, --kind and --train-timesteps say what a file does not: `cm convert` makes a folder of it that says so, and that can be served");
        }

        string? first = null;
        if (Engine.Model.Name is not null || (Models.Count == 0 && options.Models.Count == 0))
        {
            Add(ServedName(Engine.Model.ShortName), Engine.Model);
        }

        foreach (var words in Models)
        {
            // A name has no slash: FOLDER/a=b is a folder.
            var mark = words.IndexOf('=', StringComparison.Ordinal);
            var named = mark > 0 && words.AsSpan(0, mark).IndexOfAny('/', '\\', ':') < 0;
            var model = new ModelSettings { Name = named ? words[(mark + 1)..] : words };
            Add(named ? words[..mark] : ServedName(model.ShortName), model);
        }

        options.DefaultModel = first ?? options.DefaultModel;
        foreach (var model in options.Models.Values)
        {
            model.Preload &= !OnDemand;
        }

        void Add(string name, ModelSettings model)
        {
            first ??= name;
            var path = model.Place;
            var called = path == BundledModel.Find(AppContext.BaseDirectory) ? "" : path != model.Name ? model.Name : null;
            if (!options.Models.TryAdd(name, new() { Path = path, Called = called, Revision = ModelLocation.IsOnDisk(path) ? null : Engine.Model.Files.Revision, Variant = Engine.Model.Files.Variant }))
            {
                throw new ConsistencyModelsException($"two models are called {name}; name them, as in other={path}");
            }
        }
    }

    private static IEnumerable<string> Keys(string path)
    {
        try
        {
            // Whatever else it may be, it is not long.
            const int Most = 1 << 20;
            return LinkEnd.InfoOf(path).Length <= Most
                ? [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)]
                : throw new ConsistencyModelsException($"--api-keys: {path} is larger than {Most} bytes, expected a key on each line");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"--api-keys: {path}: cannot be read: {e.Message}", e);
        }
    }

    // A file's name without its extension, and nothing that an address would have to escape.
    private static string ServedName(string name)
    {
        var stem = Path.GetFileNameWithoutExtension(name) is { Length: > 0 } without && Path.GetExtension(name) is ".safetensors" or ".pt" or ".pth" or ".ckpt" or ".bin" ? Path.GetFileNameWithoutExtension(name) : name;
        var plain = string.Concat(stem.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')).Trim('-', '.');
        return plain.Length == 0 ? "model" : plain[..Math.Min(plain.Length, 100)];
    }
}
