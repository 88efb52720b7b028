using ConsistencyModels.Imaging;
using ConsistencyModels.Samplers;

namespace ConsistencyModels.Server.Requests;

/// <summary>The words of a request; null where nothing was said.</summary>
internal sealed record DrawRequest
{
    /// <summary>Takes the fields.</summary>
    public static DrawRequest Of(RawRequest raw) => new()
    {
        Operation = raw.Operation,
        Model = raw.Text("model"),
        Image = raw.Picture("image"),
        To = raw.Picture("to"),
        Mask = raw.Picture("mask"),
        Rectangle = raw.Wholes("rect"),
        Alpha = raw.Flag("alpha"),
        Invert = raw.Flag("invert"),
        Colorize = raw.Flag("colorize"),
        Factor = raw.Whole("factor") ?? DefaultFactor,
        Sigma = raw.Number("sigma"),
        AddNoise = raw.Flag("add_noise"),
        Frames = raw.Whole("frames") ?? DefaultFrames,
        Count = raw.Whole("count"),
        Classes = raw.Texts("classes"),
        Seed = raw.Seed("seed"),
        Seeds = raw.Seeds("seeds"),
        Sampler = raw.Text("sampler") is { } sampler ? Enum.Parse<SamplerKind>(sampler, ignoreCase: true) : null,
        Steps = raw.Whole("steps"),
        Timesteps = raw.Wholes("timesteps"),
        SigmaMax = raw.Number("sigma_max"),
        Churn = raw.Number("churn") ?? 0,
        Width = raw.Whole("width"),
        Height = raw.Whole("height"),
        Fit = raw.Text("fit") is { } fit ? Enum.Parse<FitMode>(fit, ignoreCase: true) : null,
        Paste = raw.Flag("paste"),
        Scale = raw.Whole("scale") ?? 1,
        Format = raw.Text("format") is { } format ? Enum.Parse<ImageFormat>(format, ignoreCase: true) : null,
        Quality = raw.Whole("quality") ?? EncodeOptions.Default.Quality,
        Previews = raw.Flag("previews"),
        Timeout = raw.Number("timeout_seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
    };

    /// <summary>Enlargement where nothing was said.</summary>
    public const int DefaultFactor = 4;

    /// <summary>Frames where nothing was said.</summary>
    public const int DefaultFrames = 8;

    /// <summary>Variations where nothing was said.</summary>
    public const int DefaultVariations = 4;

    public required Operation Operation { get; init; }

    public string? Model { get; init; }

    public ReadOnlyMemory<byte>? Image { get; init; }

    public ReadOnlyMemory<byte>? To { get; init; }

    public ReadOnlyMemory<byte>? Mask { get; init; }

    public int[]? Rectangle { get; init; }

    public bool Alpha { get; init; }

    public bool Invert { get; init; }

    public bool Colorize { get; init; }

    public int Factor { get; init; } = DefaultFactor;

    public double? Sigma { get; init; }

    public bool AddNoise { get; init; }

    public int Frames { get; init; } = DefaultFrames;

    public int? Count { get; init; }

    public string[]? Classes { get; init; }

    public ulong? Seed { get; init; }

    public ulong[]? Seeds { get; init; }

    public SamplerKind? Sampler { get; init; }

    public int? Steps { get; init; }

    public int[]? Timesteps { get; init; }

    public double? SigmaMax { get; init; }

    public double Churn { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public FitMode? Fit { get; init; }

    public bool Paste { get; init; }

    public int Scale { get; init; } = 1;

    public ImageFormat? Format { get; init; }

    public int Quality { get; init; } = EncodeOptions.Default.Quality;

    public bool Previews { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>How many times larger than its picture a result is.</summary>
    public int Enlargement => Operation == Operation.Superres ? Factor : 1;
}
