using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>How a file becomes pixels.</summary>
public sealed record DecodeOptions
{
    /// <summary>The default of <see cref="MaxPixels"/>: 64 megapixels (2^26).</summary>
    public const long DefaultMaxPixels = 1L << 26;

    /// <summary>The default of <see cref="MaxFileBytes"/>: 256 MiB.</summary>
    public const long DefaultMaxFileBytes = 1L << 28;

    /// <summary>The defaults: RGB over black, at most 64 megapixels.</summary>
    public static DecodeOptions Default { get; } = new();

    /// <summary>
    /// 3 (RGB, the default), 1 (luma of the RGB picture, as PIL's <c>convert("L")</c>) or 4 (RGBA, unpremultiplied,
    /// not composited).
    /// </summary>
    public int Channels { get; init; } = 3;

    /// <summary>What shows through transparent parts where <see cref="Channels"/> is 1 or 3. Black by default.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>
    /// The largest width · height accepted; checked in the file's header, before anything is decoded. Decoding takes up
    /// to 12 bytes a pixel for a moment.
    /// </summary>
    public long MaxPixels { get; init; } = DefaultMaxPixels;

    /// <summary>The largest encoded file accepted, in bytes; a stream is never read further than this.</summary>
    public long MaxFileBytes { get; init; } = DefaultMaxFileBytes;
}
