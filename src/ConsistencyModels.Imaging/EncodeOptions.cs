namespace ConsistencyModels.Imaging;

/// <summary>How a picture is written.</summary>
public sealed record EncodeOptions
{
    /// <summary>The defaults: PNG without text.</summary>
    public static EncodeOptions Default { get; } = new();

    /// <summary>The format. <see cref="ImageEncoder.SaveFile"/> takes it from the file name instead.</summary>
    public ImageFormat Format { get; init; } = ImageFormat.Png;

    /// <summary>
    /// 1 to 100 for JPEG and lossy WebP; 95 by default. From 90 on, JPEG keeps the colours at full resolution (4:4:4).
    /// </summary>
    public int Quality { get; init; } = 95;

    /// <summary>True writes WebP without loss (transparent pixels may lose their invisible colour).</summary>
    public bool Lossless { get; init; }

    /// <summary>
    /// Text to store in a PNG, such as the parameters the picture was made with; see <see cref="PngText"/>. Other
    /// formats have no place for it.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Text { get; init; }
}
