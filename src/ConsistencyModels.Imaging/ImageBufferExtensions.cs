using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>A picture's own words for what <see cref="ImageEncoder"/> does.</summary>
public static class ImageBufferExtensions
{
    /// <summary>Writes a picture to a file whose format its extension says: <see cref="ImageEncoder.SaveFile"/>.</summary>
    /// <example><code>pipeline.Generate().Images[0].Save("tile.png");</code></example>
    /// <param name="image">The picture.</param>
    /// <param name="path">A .png, .jpg, .jpeg or .webp file; one that is there is replaced.</param>
    /// <param name="options">Quality and text; the format in it is not looked at.</param>
    /// <exception cref="ConsistencyModelsException">The extension is unknown or the file cannot be written.</exception>
    /// <exception cref="ArgumentException">The format cannot hold the picture or the text.</exception>
    public static void Save(this ImageBuffer image, string path, EncodeOptions? options = null) => ImageEncoder.SaveFile(image, path, options);

    /// <summary>The bytes of a picture as a PNG file: <see cref="ImageEncoder.Encode(ImageBuffer, EncodeOptions?)"/>.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="text">Text to store in it, such as the parameters it was made with; see <see cref="PngText"/>.</param>
    /// <exception cref="ArgumentException">A text key or value that PNG does not allow.</exception>
    public static byte[] ToPng(this ImageBuffer image, IReadOnlyDictionary<string, string>? text = null) =>
        ImageEncoder.Encode(image, EncodeOptions.Default with { Text = text });
}
