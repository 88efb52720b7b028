namespace ConsistencyModels.Imaging;

/// <summary>The formats that <see cref="ImageEncoder"/> writes.</summary>
public enum ImageFormat
{
    /// <summary>Lossless; 1, 3 and 4 channels; can carry text.</summary>
    Png,

    /// <summary>Lossy; 1 and 3 channels.</summary>
    Jpeg,

    /// <summary>Lossy, or lossless on request; 1 channel is written as RGB.</summary>
    Webp,
}
