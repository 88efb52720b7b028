namespace ConsistencyModels.Server.Batching;

/// <summary>How calls are gathered.</summary>
public sealed record BatcherOptions
{
    /// <summary>Default of <see cref="PixelsAtOnce"/>: 64 images of 32x32, or one of 256x256.</summary>
    public const int DefaultPixelsAtOnce = 65536;

    /// <summary>
    /// Most pixels of one network call, at least 1: width times height times images. One image is always let through. More would
    /// gain nothing on a processor, and those who come meanwhile wait longer.
    /// </summary>
    public int PixelsAtOnce { get; init; } = DefaultPixelsAtOnce;

    /// <summary>Told of every network call when it is over, on the thread that made it; must not throw. Null for nobody.</summary>
    public Action<BatchReport>? Report { get; init; }
}

/// <summary>A network call that is over.</summary>
/// <param name="Images">Images in it.</param>
/// <param name="Calls">Waiting calls it had images of.</param>
/// <param name="Waiting">Images that were left waiting when it began.</param>
/// <param name="Elapsed">How long it took, copies included.</param>
public readonly record struct BatchReport(int Images, int Calls, int Waiting, TimeSpan Elapsed);
