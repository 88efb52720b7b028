namespace ConsistencyModels.Server.Batching;

/// <summary>How calls are gathered.</summary>
public sealed record BatcherOptions
{
    /// <summary>Default of <see cref="PixelsAtOnce"/>: 64 images of 32x32, or one of 256x256.</summary>
    public const int DefaultPixelsAtOnce = 65536;

    /// <summary>
    /// Most pixels of one network call, at least 1: width times height times images. One image is always let through. More may compute
    /// faster, and those who come meanwhile wait longer.
    /// </summary>
    public int PixelsAtOnce { get; init; } = DefaultPixelsAtOnce;

    /// <summary>
    /// Most network calls under way at once, at least 1. With two the cores are busy while one call begins or ends, and each has a part
    /// of them to itself, which is less work than sharing a call out among all; a call that is alone has them all.
    /// </summary>
    public int CallsAtOnce { get; init; } = 1;

    /// <summary>Told of every network call when it is over, on the thread that made it; must not throw. Null for nobody.</summary>
    public Action<BatchReport>? Report { get; init; }
}

/// <summary>A network call that is over.</summary>
/// <param name="Images">Images in it.</param>
/// <param name="Calls">Waiting calls it had images of.</param>
/// <param name="Waiting">Images that were left waiting when it began.</param>
/// <param name="Elapsed">How long it took, copies included.</param>
public readonly record struct BatchReport(int Images, int Calls, int Waiting, TimeSpan Elapsed);
