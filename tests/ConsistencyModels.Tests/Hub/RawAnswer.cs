namespace ConsistencyModels.Tests.Hub;

/// <summary>An answer, and how it misbehaves.</summary>
internal sealed record RawAnswer(int Status, byte[] Body)
{
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>Content-Length, if not the truth.</summary>
    public long? AnnouncedLength { get; init; }

    /// <summary>Close the connection after so many bytes.</summary>
    public int? DropAfter { get; init; }

    /// <summary>Send piece by piece with this pause.</summary>
    public TimeSpan? PieceDelay { get; init; }

    /// <summary>Bytes of a piece; one makes a slow loris.</summary>
    public int PieceSize { get; init; } = 1;
}
