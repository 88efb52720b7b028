using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Runs;

/// <summary>The words of a <c>cm train</c> command line; null where nothing was said.</summary>
internal sealed record TrainSettings
{
    /// <summary>Folder, archive or file of pictures.</summary>
    public required string Data { get; init; }

    /// <summary>Folder of the run.</summary>
    public required string Run { get; init; }

    /// <summary>Name of the objective; null for that of the recipe, or edm.</summary>
    public string? Objective { get; init; }

    /// <summary>Name of a preset.</summary>
    public string? Preset { get; init; }

    /// <summary>A recipe file.</summary>
    public string? Recipe { get; init; }

    /// <summary>Settings of the objective, as name=value.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>The diffusion model that is distilled.</summary>
    public string? Teacher { get; init; }

    /// <summary>Model to start from.</summary>
    public string? Init { get; init; }

    /// <summary>Configuration or preset.</summary>
    public string? Network { get; init; }

    /// <summary>Which folders are which classes.</summary>
    public string? Classes { get; init; }

    /// <summary>Side of the pictures in pixels.</summary>
    public int? Size { get; init; }

    /// <summary>Leave out pictures of another size.</summary>
    public bool NativeSizeOnly { get; init; }

    /// <summary>What is behind transparent parts.</summary>
    public RgbColor Background { get; init; }

    /// <summary>center, random or none.</summary>
    public string? Crop { get; init; }

    /// <summary>auto, folders, prefix or none.</summary>
    public string? ClassesFrom { get; init; }

    /// <summary>How far rare classes are repeated, 0 to 1.</summary>
    public double Balance { get; init; }

    /// <summary>Which part of the data.</summary>
    public string? Split { get; init; }

    /// <summary>Leave out damaged pictures.</summary>
    public bool SkipDamaged { get; init; }

    /// <summary>Images of the whole run.</summary>
    public long? Images { get; init; }

    /// <summary>Images a step.</summary>
    public int? Batch { get; init; }

    /// <summary>Images in memory at a time.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>Step size.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Images over which the step size rises.</summary>
    public long? Ramp { get; init; }

    /// <summary>Images at the end over which it falls.</summary>
    public long? Decay { get; init; }

    /// <summary>Half-life of the average in images.</summary>
    public long? HalfLife { get; init; }

    /// <summary>Averages by their short names, in place of the half-life.</summary>
    public string? Averages { get; init; }

    /// <summary>radam, adam or adamw.</summary>
    public string? Optimizer { get; init; }

    /// <summary>Weight decay.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>Largest norm of the gradient.</summary>
    public double? Clip { get; init; }

    /// <summary>Precision of activations.</summary>
    public string? DType { get; init; }

    /// <summary>Mirror at random.</summary>
    public bool Flip { get; init; }

    /// <summary>Probability of each augmentation.</summary>
    public double? Augment { get; init; }

    /// <summary>Seed of everything.</summary>
    public ulong Seed { get; init; }

    /// <summary>Name of the engine that trains; null for the first that can.</summary>
    public string? Engine { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Compute threads; 0 for the engine's choice.</summary>
    public int Threads { get; init; }

    /// <summary>Time between checkpoints.</summary>
    public TimeSpan? CheckpointEvery { get; init; }

    /// <summary>Time between sample grids.</summary>
    public TimeSpan? SampleEvery { get; init; }

    /// <summary>Images between measurements of the model; null for none.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>What it is compared with; null for the training pictures.</summary>
    public string? EvaluateReference { get; init; }

    /// <summary>How many pictures it draws for that.</summary>
    public int? EvaluateCount { get; init; }

    /// <summary>Metrics by their words.</summary>
    public string? EvaluateMetrics { get; init; }

    /// <summary>Name or file of the extractor.</summary>
    public string? EvaluateExtractor { get; init; }

    /// <summary>Steps between log lines.</summary>
    public int? LogEvery { get; init; }

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Nothing but errors.</summary>
    public bool Quiet { get; init; }
}
