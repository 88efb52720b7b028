using ConsistencyModels.Files;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging;

/// <summary>
/// Reads PNG, JPEG, WebP, GIF (first frame) and BMP files into bytes. No colour management: the bytes of the file are
/// the bytes of the picture, as PIL gives them; 16-bit samples keep their high byte. The EXIF orientation is applied.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Decodes the file at a path.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Channels, background and limits; the defaults where null.</param>
    /// <exception cref="ConsistencyModelsException">The file cannot be read, is not an image, is cut short or is too large.</exception>
    public static ImageBuffer DecodeFile(string path, DecodeOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Decode(stream, path, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Decodes the rest of a stream. The caller closes the stream.</summary>
    /// <param name="stream">The encoded file, read to its end.</param>
    /// <param name="name">What error messages call it.</param>
    /// <param name="options">Channels, background and limits; the defaults where null.</param>
    /// <exception cref="ConsistencyModelsException">The data is not an image, is cut short or is too large.</exception>
    public static ImageBuffer Decode(Stream stream, string name, DecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= DecodeOptions.Default;
        return Decode(BoundedReader.ReadAll(stream, name, options.MaxFileBytes), name, options);
    }

    /// <summary>Decodes an encoded file that is in memory.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">What error messages call it.</param>
    /// <param name="options">Channels, background and limits; the defaults where null.</param>
    /// <exception cref="ConsistencyModelsException">The data is not an image, is cut short or is too large.</exception>
    public static ImageBuffer Decode(ReadOnlySpan<byte> encoded, string name, DecodeOptions? options = null)
    {
        options ??= DecodeOptions.Default;
        if (options.Channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Channels, "Decoding gives 1, 3 or 4 channels.");
        }

        using SKCodec codec = Open(encoded, name, options);
        int width = codec.Info.Width;
        int height = codec.Info.Height;

        // Unpremultiplied, so that compositing rounds once; no colour space, so that Skia converts nothing.
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        byte[] rgba = GC.AllocateUninitializedArray<byte>(checked(width * height * 4));
        SKCodecResult result;
        unsafe
        {
            fixed (byte* pixels = rgba)
            {
                result = codec.GetPixels(info, (IntPtr)pixels);
            }
        }

        if (result != SKCodecResult.Success)
        {
            string what = result == SKCodecResult.IncompleteInput ? "the file is cut short" : $"the image data is damaged ({result})";
            throw new ConsistencyModelsException($"{name}: {what}; expected a whole {FormatName(codec)} of {width}x{height}.");
        }

        ImageBuffer picture = new ImageBuffer(width, height, 4, rgba).WithChannels(options.Channels, options.Background);
        return ExifOrientation.Apply(picture, OrientationOf(codec, encoded));
    }

    /// <summary>Reads the header only.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">What error messages call it.</param>
    /// <param name="options">The limits; the defaults where null.</param>
    /// <exception cref="ConsistencyModelsException">The data is not an image or is too large.</exception>
    public static EncodedImageInfo ReadInfo(ReadOnlySpan<byte> encoded, string name, DecodeOptions? options = null)
    {
        using SKCodec codec = Open(encoded, name, options ?? DecodeOptions.Default);
        bool turned = ExifOrientation.SwapsSides(OrientationOf(codec, encoded));
        return new EncodedImageInfo(
            turned ? codec.Info.Height : codec.Info.Width,
            turned ? codec.Info.Width : codec.Info.Height,
            codec.Info.AlphaType != SKAlphaType.Opaque,
            FormatName(codec));
    }

    private static int OrientationOf(SKCodec codec, ReadOnlySpan<byte> encoded) =>
        codec.EncodedOrigin == SKEncodedOrigin.TopLeft ? PngOrientation.Of(encoded) : (int)codec.EncodedOrigin;

    private static SKCodec Open(ReadOnlySpan<byte> encoded, string name, DecodeOptions options)
    {
        if (encoded.Length > options.MaxFileBytes)
        {
            throw new ConsistencyModelsException($"{name}: {encoded.Length} bytes; at most {options.MaxFileBytes} are accepted.");
        }

        if (encoded.IsEmpty)
        {
            throw new ConsistencyModelsException($"{name}: the file is empty; expected an image (PNG, JPEG, WebP, GIF or BMP).");
        }

        if (EncodedCost.ProblemBeforeOpening(encoded) is { } wrong)
        {
            throw new ConsistencyModelsException($"{name}: {wrong}.");
        }

        using SKData data = SKData.CreateCopy(encoded);
        SKCodec codec = SKCodec.Create(data)
            ?? throw new ConsistencyModelsException(
                $"{name}: not an image that can be read; {(WrongContent.Describe(encoded) is { } found ? $"it is {found}" : "expected PNG, JPEG, WebP, GIF or BMP")}.");
        long pixels = (long)codec.Info.Width * codec.Info.Height;

        // The second limit is that of a .NET array of RGBA bytes, whatever the options allow.
        if (pixels < 1 || pixels > options.MaxPixels || pixels > Array.MaxLength / 4)
        {
            string message = $"{name}: the header says {codec.Info.Width}x{codec.Info.Height} = {pixels} pixels; at most {options.MaxPixels} are accepted.";
            codec.Dispose();
            throw new ConsistencyModelsException(message);
        }

        if (EncodedCost.Problem(encoded, codec.EncodedFormat, pixels) is { } problem)
        {
            string message = $"{name}: {problem}; the header says {codec.Info.Width}x{codec.Info.Height}.";
            codec.Dispose();
            throw new ConsistencyModelsException(message);
        }

        return codec;
    }

    private static string FormatName(SKCodec codec) => codec.EncodedFormat.ToString().ToLowerInvariant();
}

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
    /// to 12 bytes per pixel for a moment, 16 where a PNG has 16-bit samples and is interlaced.
    /// </summary>
    public long MaxPixels { get; init; } = DefaultMaxPixels;

    /// <summary>The largest encoded file accepted, in bytes; a stream is never read further than this.</summary>
    public long MaxFileBytes { get; init; } = DefaultMaxFileBytes;
}

/// <summary>What a file's header says about its picture, EXIF orientation applied.</summary>
/// <param name="Width">Width in pixels as shown.</param>
/// <param name="Height">Height in pixels as shown.</param>
/// <param name="HasAlpha">Whether parts can be transparent.</param>
/// <param name="Format">The format in lower case: <c>png</c>, <c>jpeg</c>, <c>webp</c>, <c>gif</c>, <c>bmp</c>, ...</param>
public readonly record struct EncodedImageInfo(int Width, int Height, bool HasAlpha, string Format);
