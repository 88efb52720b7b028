using ConsistencyModels.Samplers;

namespace ConsistencyModels.Cli.Generating;

/// <summary>The words of a <c>cm generate</c> command line; null where nothing was said.</summary>
internal sealed record GenerateSettings
{
    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>Classes by name or number.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Number of pictures.</summary>
    public int? Count { get; init; }

    /// <summary>Which sampler; null for the one of the model's kind.</summary>
    public SamplerKind? Sampler { get; init; }

    /// <summary>Number of steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Indices of a custom schedule.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>The noise level to start at.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>Fresh noise on the way.</summary>
    public double Churn { get; init; }

    /// <summary>Seed of the first picture.</summary>
    public ulong? Seed { get; init; }

    /// <summary>File with noise to start from.</summary>
    public string? Latents { get; init; }

    /// <summary>Size of the pictures; null for the model's.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>File or folder to write to.</summary>
    public string? Out { get; init; }

    /// <summary>One sheet in place of single pictures.</summary>
    public bool Grid { get; init; }

    /// <summary>Pictures in a row of the sheet.</summary>
    public int? Columns { get; init; }

    /// <summary>Each pixel becomes this many squared.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>png, jpeg or webp.</summary>
    public string? Format { get; init; }

    /// <summary>A machine-readable result.</summary>
    public bool Json { get; init; }

    /// <summary>Nothing but errors.</summary>
    public bool Quiet { get; init; }
}
