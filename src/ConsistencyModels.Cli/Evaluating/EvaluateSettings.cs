using ConsistencyModels.Evaluation.Pictures;

namespace ConsistencyModels.Cli.Evaluating;

/// <summary>The words of a <c>cm evaluate</c> command line; null where nothing was said.</summary>
internal sealed record EvaluateSettings
{
    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>How it is drawn from.</summary>
    public SamplingWords Sampling { get; init; } = new();

    /// <summary>Whether the model draws each class as often as the reference has it.</summary>
    public bool MatchClasses { get; init; }

    /// <summary>A model or pictures; null for the bundled model.</summary>
    public string? Samples { get; init; }

    /// <summary>Real pictures, or statistics of them.</summary>
    public required string Reference { get; init; }

    /// <summary>Which part of the samples' data set.</summary>
    public string? Split { get; init; }

    /// <summary>Whether one half of the reference is compared with the other, in place of samples.</summary>
    public bool Floor { get; init; }

    /// <summary>Which of its pictures; their size comes later.</summary>
    public PictureSelection ReferenceSelection { get; init; } = new();

    /// <summary>How many pictures of the reference; null for all.</summary>
    public int? ReferenceCount { get; init; }

    /// <summary>Side of pictures in pixels.</summary>
    public int? Size { get; init; }

    /// <summary>What to measure, by its words.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>Name or file of the extractor.</summary>
    public string? Extractor { get; init; }

    /// <summary>How many samples.</summary>
    public int? Count { get; init; }

    /// <summary>Images that pass the extractor at a time.</summary>
    public int? Batch { get; init; }

    /// <summary>Parts of the jackknife.</summary>
    public int? Parts { get; init; }

    /// <summary>Folder of the manifest, the features and the report.</summary>
    public string? Out { get; init; }

    /// <summary>Whether to write a report.</summary>
    public bool Report { get; init; }

    /// <summary>Manifests to show beside it in the report.</summary>
    public IReadOnlyList<string> Compare { get; init; } = [];

    /// <summary>A machine-readable result.</summary>
    public bool Json { get; init; }

    /// <summary>Which pictures of the reference.</summary>
    /// <param name="size">Their side.</param>
    public PictureSelection ReferencePictures(int? size) =>
        ReferenceSelection with { Size = size, Half = Floor ? 2 : null };
}
