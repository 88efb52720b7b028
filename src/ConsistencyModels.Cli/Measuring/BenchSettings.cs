namespace ConsistencyModels.Cli.Measuring;

/// <summary>What <c>cm bench</c> measures.</summary>
internal sealed record BenchSettings
{
    /// <summary>Time the measured rounds take at least, where their number is not given.</summary>
    public static readonly TimeSpan Enough = TimeSpan.FromSeconds(5);

    /// <summary>Time of calls that are not measured: within it the runtime has compiled the kernels for good.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);

    /// <summary>Which model, and what runs it.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>Pictures at once.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Steps of the sampler.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>Measured rounds; null for at least three, and as many as take <see cref="Enough"/>.</summary>
    public int? Rounds { get; init; }

    /// <summary>Whether the JSON lists every round.</summary>
    public bool AllRounds { get; init; }
}
