using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using ConsistencyModels.Files;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging;

/// <summary>Writes pictures as PNG, JPEG or WebP.</summary>
public static class ImageEncoder
{
    // Filters make small pictures no smaller, and trying them for every row takes half of the time.
    private const int SmallPixels = 64 * 64;

    private static readonly SKPngEncoderOptions SmallPng = new(SKPngEncoderFilterFlags.None, zLibLevel: 2);

    /// <summary>The format that a file name's extension asks for: .png, .jpg, .jpeg or .webp, in any case.</summary>
    /// <param name="path">A file name or path.</param>
    /// <exception cref="ConsistencyModelsException">The extension is another one.</exception>
    public static ImageFormat FormatOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => ImageFormat.Png,
            ".jpg" or ".jpeg" or ".jpe" or ".jfif" => ImageFormat.Jpeg,
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
                ImageFormat.Png => pixmap.Encode((long)width * height <= SmallPixels ? SmallPng : SKPngEncoderOptions.Default),
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

/// <summary>
/// Keys and texts inside a PNG file (tEXt, zTXt and iTXt chunks; PNG specification, 11.3.3): where a picture carries
/// the parameters it was made with. What is Latin-1 is written as tEXt, everything else as iTXt in UTF-8.
/// </summary>
public static class PngText
{
    /// <summary>The most text one file may hold, in bytes after decompression: 16 MiB. More is refused when read.</summary>
    public const int MaxTextBytes = 16 << 20;

    /// <summary>Puts texts into an encoded PNG, behind its header chunk; the pixels stay as they are.</summary>
    /// <param name="png">The bytes of a PNG file.</param>
    /// <param name="text">
    /// Keys of 1 to 79 printable Latin-1 characters without leading, trailing or double spaces, and values without NUL.
    /// </param>
    /// <returns>The bytes of the new file.</returns>
    /// <exception cref="ArgumentException">A key or value is not allowed, or the texts exceed <see cref="MaxTextBytes"/>.</exception>
    /// <exception cref="ConsistencyModelsException">The bytes are no PNG file.</exception>
    public static byte[] Insert(ReadOnlySpan<byte> png, IReadOnlyDictionary<string, string> text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Range header = PngChunks.Walk(png, "PNG")[0].Data;
        int behindHeader = header.End.Value + 4;
        using MemoryStream result = new();
        result.Write(png[..behindHeader]);
        foreach ((string key, string value) in text)
        {
            CheckKey(key);
            if (value.Contains('\0'))
            {
                throw new ArgumentException($"The PNG text '{key}' contains a NUL character.", nameof(text));
            }

            byte[] keyword = [.. Encoding.Latin1.GetBytes(key), 0];
            if (value.All(c => c is '\n' or (>= ' ' and <= '~') or (>= '\u00A0' and <= '\u00FF')))
            {
                PngChunks.Write(result, "tEXt", [.. keyword, .. Encoding.Latin1.GetBytes(value)]);
            }
            else
            {
                // Not compressed, no language tag, no translated keyword.
                PngChunks.Write(result, "iTXt", [.. keyword, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(value)]);
            }

            if (result.Length - behindHeader > MaxTextBytes)
            {
                throw new ArgumentException($"The texts take more than {MaxTextBytes} bytes.", nameof(text));
            }
        }

        result.Write(png[behindHeader..]);
        return result.ToArray();
    }

    /// <summary>Reads the texts of a PNG file on disk.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConsistencyModelsException">As <see cref="Read"/>, or the file cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Read(BoundedReader.ReadAll(stream, path, DecodeOptions.DefaultMaxFileBytes), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the texts of a PNG file. Where a key comes twice, the later text counts.</summary>
    /// <param name="png">The bytes of the file.</param>
    /// <param name="name">What error messages call it.</param>
    /// <exception cref="ConsistencyModelsException">
    /// The bytes are no PNG file or are cut short, a text chunk is damaged, or the texts exceed <see cref="MaxTextBytes"/>.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> png, string name)
    {
        Dictionary<string, string> text = new(StringComparer.Ordinal);
        int left = MaxTextBytes;
        foreach ((string type, Range range) in PngChunks.Walk(png, name))
        {
            if (type is not ("tEXt" or "zTXt" or "iTXt"))
            {
                continue;
            }

            ReadOnlySpan<byte> data = png[range];
            int keyLength = data[..Math.Min(data.Length, 80)].IndexOf((byte)0);
            if (!PngChunks.HasValidCrc(png, range) || keyLength < 1)
            {
                throw Damaged(name, type);
            }

            string key = Encoding.Latin1.GetString(data[..keyLength]);
            ReadOnlySpan<byte> body = data[(keyLength + 1)..];
            byte[] value = type switch
            {
                "tEXt" => body.ToArray(),
                "zTXt" => Inflate(body, 1, left, name, type),
                _ => International(body, left, name),
            };
            left -= value.Length;
            if (left < 0)
            {
                throw TooLong(name);
            }

            text[key] = (type == "iTXt" ? Encoding.UTF8 : Encoding.Latin1).GetString(value);
        }

        return text;
    }

    // iTXt: compression flag, compression method, language tag, NUL, translated keyword, NUL, text.
    private static byte[] International(ReadOnlySpan<byte> body, int limit, string name)
    {
        int languageEnd = body.Length < 2 ? -1 : body[2..].IndexOf((byte)0) + 2;
        int keywordEnd = languageEnd < 2 ? -1 : body[(languageEnd + 1)..].IndexOf((byte)0);
        if (keywordEnd < 0 || body[0] > 1)
        {
            throw Damaged(name, "iTXt");
        }

        int text = languageEnd + 1 + keywordEnd + 1;
        return body[0] == 1 ? Inflate(body, text, limit, name, "iTXt") : body[text..].ToArray();
    }

    private static byte[] Inflate(ReadOnlySpan<byte> body, int start, int limit, string name, string type)
    {
        if (start > body.Length)
        {
            throw Damaged(name, type);
        }

        using ZLibStream inflater = new(new MemoryStream(body[start..].ToArray()), CompressionMode.Decompress);
        using MemoryStream result = new();
        byte[] block = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = inflater.Read(block)) > 0)
            {
                if (result.Length + read > limit)
                {
                    throw TooLong(name);
                }

                result.Write(block, 0, read);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // The latter is zlib's own for a stream that it gives up in the middle.
            throw new ConsistencyModelsException($"{name}: a compressed {type} chunk is damaged.", e);
        }

        return result.ToArray();
    }

    private static void CheckKey(string key)
    {
        bool allowed = key.Length is >= 1 and <= 79
            && key.All(c => c is (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF'))
            && key[0] != ' ' && key[^1] != ' ' && !key.Contains("  ", StringComparison.Ordinal);
        if (!allowed)
        {
            throw new ArgumentException($"'{key}' cannot be the key of a PNG text: 1 to 79 printable Latin-1 characters, no spaces at the ends or double.", nameof(key));
        }
    }

    private static ConsistencyModelsException Damaged(string name, string type) =>
        new($"{name}: a {type} chunk is damaged; expected a key, a text and a matching checksum.");

    private static ConsistencyModelsException TooLong(string name) =>
        new($"{name}: more than {MaxTextBytes} bytes of text; at most {MaxTextBytes} are accepted.");
}

/// <summary>The chunk layer of a PNG file: an 8-byte signature, then length, type, data and CRC of each chunk.</summary>
internal static class PngChunks
{
    /// <summary>Length, type and CRC.</summary>
    public const int Overhead = 12;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The chunks up to IEND, as type and range of the data.</summary>
    /// <exception cref="ConsistencyModelsException">There is no PNG signature, or a chunk reaches past the end.</exception>
    public static List<(string Type, Range Data)> Walk(ReadOnlySpan<byte> png, string name)
    {
        if (!png.StartsWith(Signature))
        {
            throw new ConsistencyModelsException($"{name}: not a PNG file; the signature is missing.");
        }

        List<(string, Range)> chunks = [];
        int at = Signature.Length;
        while (png.Length - at >= Overhead)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            string type = Encoding.Latin1.GetString(png.Slice(at + 4, 4));
            if (length > png.Length - at - Overhead)
            {
                throw new ConsistencyModelsException(
                    $"{name}: the file is cut short; a chunk at byte {at} says {length} bytes, {png.Length - at - Overhead} are left.");
            }

            int data = at + 8;
            chunks.Add((type, data..(data + (int)length)));
            at += Overhead + (int)length;
            if (type == "IEND")
            {
                return chunks;
            }
        }

        throw new ConsistencyModelsException($"{name}: the file is cut short; it ends without an IEND chunk.");
    }

    /// <summary>Whether the CRC behind the data fits the type and the data.</summary>
    public static bool HasValidCrc(ReadOnlySpan<byte> png, Range data)
    {
        (int start, int length) = data.GetOffsetAndLength(png.Length);
        return Crc32.HashToUInt32(png.Slice(start - 4, length + 4)) == BinaryPrimitives.ReadUInt32BigEndian(png[(start + length)..]);
    }

    public static void Write(Stream stream, string type, ReadOnlySpan<byte> data)
    {
        byte[] body = new byte[4 + data.Length];
        Encoding.Latin1.GetBytes(type, body);
        data.CopyTo(body.AsSpan(4));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(body));
        stream.Write(number);
    }
}
