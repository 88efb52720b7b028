using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>How <see cref="ImageGrid"/> lays pictures out.</summary>
public sealed record GridOptions
{
    /// <summary>The defaults.</summary>
    public static GridOptions Default { get; } = new();

    /// <summary>Pictures in a row; null, the default, makes the grid as square as it can be (the root of n, rounded up).</summary>
    public int? Columns { get; init; }

    /// <summary>Pixels around every picture, at the rim as well; not scaled. 2 by default.</summary>
    public int Padding { get; init; } = 2;

    /// <summary>The colour of the padding and of places without a picture. Black by default.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>Each pixel of a picture becomes Scale x Scale pixels, hard-edged. 1 by default.</summary>
    public int Scale { get; init; } = 1;
}
