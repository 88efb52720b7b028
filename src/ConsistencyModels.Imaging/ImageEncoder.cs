using ConsistencyModels.Files;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging;

/// <summary>Writes pictures as PNG, JPEG or WebP.</summary>
public static class ImageEncoder
{
    /// <summary>The format that a file name's extension asks for: .png, .jpg, .jpeg or .webp, in any case.</summary>
    /// <param name="path">A file name or path.</param>
    /// <exception cref="ConsistencyModelsException">The extension is another one.</exception>
    public static ImageFormat FormatOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" => ImageFormat.Jpeg,
            ".webp" => ImageFormat.Webp,
            string other => throw new ConsistencyModelsException($"{path}: the extension '{other}' is not an image format; expected .png, .jpg, .jpeg or .webp."),
        };
    }

    /// <summary>Writes a file whose format its extension says. The file appears whole or not at all.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="options">Quality and text; the format in it is not looked at.</param>
    /// <exception cref="ConsistencyModelsException">The extension is unknown or the file cannot be written.</exception>
    /// <exception cref="ArgumentException">The format cannot hold the picture or the text; see <see cref="Encode(ImageBuffer, EncodeOptions?)"/>.</exception>
    public static void SaveFile(ImageBuffer image, string path, EncodeOptions? options = null)
    {
        byte[] encoded = Encode(image, (options ?? EncodeOptions.Default) with { Format = FormatOf(path) });
        AtomicFile.WriteAllBytes(path, encoded);
    }

    /// <summary>Encodes to a stream, which stays open.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="stream">Receives the file.</param>
    /// <param name="options">Format, quality and text; PNG where null.</param>
    /// <exception cref="ArgumentException">As <see cref="Encode(ImageBuffer, EncodeOptions?)"/>.</exception>
    public static void Encode(ImageBuffer image, Stream stream, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Encode(image, options));
    }

    /// <summary>Encodes to memory.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">Format, quality and text; PNG where null.</param>
    /// <returns>The bytes of the file.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The quality is not 1 to 100, or the picture is larger than the format can be.</exception>
    /// <exception cref="ArgumentException">
    /// RGBA is to be written as JPEG, text in another format than PNG, or a text key or value that PNG does not allow.
    /// </exception>
    public static byte[] Encode(ImageBuffer image, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        options ??= EncodeOptions.Default;
        Check(image, options);
        byte[] encoded = image.Channels == 3
            ? Encode(Expand(image.Pixels), image.Width, image.Height, 4, SKColorType.Rgb888x, options)
            : Encode(image.Pixels, image.Width, image.Height, image.Channels, image.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, options);
        return options.Text is { Count: > 0 } text ? PngText.Insert(encoded, text) : encoded;
    }

    private static void Check(ImageBuffer image, EncodeOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Quality, 1, nameof(options.Quality));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Quality, 100, nameof(options.Quality));
        if (options.Format == ImageFormat.Jpeg && image.Channels == 4)
        {
            throw new ArgumentException("JPEG has no transparency; compose the picture over a background, or write PNG or WebP.", nameof(options));
        }

        if (options.Format != ImageFormat.Png && options.Text is { Count: > 0 })
        {
            throw new ArgumentException($"{options.Format} has no place for text; only PNG has.", nameof(options));
        }

        int largest = options.Format switch
        {
            ImageFormat.Png => int.MaxValue,
            ImageFormat.Jpeg => 65500,
            ImageFormat.Webp => 16383,
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Format, "No such format."),
        };
        if (Math.Max(image.Width, image.Height) > largest)
        {
            throw new ArgumentOutOfRangeException(
                nameof(image), $"{image.Width}x{image.Height} is larger than {options.Format} can be; a side has at most {largest} pixels.");
        }
    }

    private static unsafe byte[] Encode(byte[] pixels, int width, int height, int bytesPerPixel, SKColorType type, EncodeOptions options)
    {
        SKAlphaType alpha = type == SKColorType.Rgba8888 ? SKAlphaType.Unpremul : SKAlphaType.Opaque;
        fixed (byte* first = pixels)
        {
            using SKPixmap pixmap = new(new SKImageInfo(width, height, type, alpha, null), (IntPtr)first, width * bytesPerPixel);
            using SKData? data = options.Format switch
            {
                ImageFormat.Png => pixmap.Encode(SKPngEncoderOptions.Default),
                ImageFormat.Jpeg => pixmap.Encode(new SKJpegEncoderOptions(
                    options.Quality,
                    options.Quality >= 90 ? SKJpegEncoderDownsample.Downsample444 : SKJpegEncoderDownsample.Downsample420,
                    SKJpegEncoderAlphaOption.Ignore)),
                _ => pixmap.Encode(new SKWebpEncoderOptions(
                    options.Lossless ? SKWebpEncoderCompression.Lossless : SKWebpEncoderCompression.Lossy, options.Quality)),
            };
            return data?.ToArray()
                ?? throw new InvalidOperationException($"Skia could not encode a {width}x{height} picture as {options.Format}.");
        }
    }

    private static byte[] Expand(byte[] rgb)
    {
        byte[] rgbx = GC.AllocateUninitializedArray<byte>(checked(rgb.Length / 3 * 4));
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            rgbx[to] = rgb[from];
            rgbx[to + 1] = rgb[from + 1];
            rgbx[to + 2] = rgb[from + 2];
            rgbx[to + 3] = 255;
        }

        return rgbx;
    }
}

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
