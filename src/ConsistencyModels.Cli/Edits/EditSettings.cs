using ConsistencyModels.Imaging;
using ConsistencyModels.Models;

namespace ConsistencyModels.Cli.Edits;

/// <summary>The words of a <c>cm edit</c> command line; null where nothing was said.</summary>
internal sealed record EditSettings
{
    /// <summary>Which edit.</summary>
    public required EditVerb Verb { get; init; }

    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>Picture files.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Classes by name or number, one per picture in turn.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Number of steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Indices of a custom schedule.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Seed of the first result.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Results for each picture.</summary>
    public int? Count { get; init; }

    /// <summary>File or folder to write to.</summary>
    public string? Out { get; init; }

    /// <summary>png, jpeg or webp.</summary>
    public string? Format { get; init; }

    /// <summary>Before and after side by side.</summary>
    public bool Compare { get; init; }

    /// <summary>Each pixel becomes this many squared.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>How pictures of other sizes meet the model; null where nothing was said.</summary>
    public FitMode? Fit { get; init; }

    /// <summary>Whether results go back into the picture at its own size.</summary>
    public bool Paste { get; init; }

    /// <summary>Enlargement of super-resolution.</summary>
    public int Factor { get; init; } = 4;

    /// <summary>How many times larger than its picture a result is.</summary>
    public int Enlargement => Verb == EditVerb.Superres ? Factor : 1;

    /// <summary>Noise level of strokes, variations, denoising and interpolation.</summary>
    public double? Sigma { get; init; }

    /// <summary>The same, or the model's own where nothing was said.</summary>
    public double SigmaFor(Model model) => Sigma ?? (Verb == EditVerb.Stroke ? model.EditDefaults.StrokeSigma : model.EditDefaults.VariationSigma);

    /// <summary>Whether noise is added before it is taken out.</summary>
    public bool AddNoise { get; init; }

    /// <summary>Frames of an interpolation.</summary>
    public int Frames { get; init; } = 8;

    /// <summary>How long each frame is shown where they are to move; null for a strip.</summary>
    public TimeSpan? PerFrame { get; init; }

    /// <summary>Seeds of two latents to interpolate.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init; }

    /// <summary>What is filled.</summary>
    public MaskChoice Mask { get; init; } = new();

    /// <summary>Whether inpainting gives colours as well.</summary>
    public bool Colorize { get; init; }

    /// <summary>A machine-readable result.</summary>
    public bool Json { get; init; }

    /// <summary>Nothing but errors.</summary>
    public bool Quiet { get; init; }
}

/// <summary>The edits of <c>cm edit</c>.</summary>
internal enum EditVerb
{
    /// <summary>Fill holes.</summary>
    Inpaint,

    /// <summary>Give colours to gray.</summary>
    Colorize,

    /// <summary>Enlarge.</summary>
    Superres,

    /// <summary>Make a picture of a sketch.</summary>
    Stroke,

    /// <summary>Take noise out.</summary>
    Denoise,

    /// <summary>Frames between two.</summary>
    Interpolate,

    /// <summary>Others like it.</summary>
    Variations,
}
