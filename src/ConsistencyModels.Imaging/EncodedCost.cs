using System.Buffers.Binary;
using System.Numerics;
using SkiaSharp;

namespace ConsistencyModels.Imaging;

/// <summary>What would cost more than its bytes can be worth, found before the pixels are decoded.</summary>
internal static class EncodedCost
{
    // Deflate makes at most 1032 bytes of one; a code of LZW's, a byte and a half, stands for at most 4096 pixels; a run of BMP's, two bytes, for 255.
    private const long MostOfDeflate = 1032;
    private const long MostOfLzw = 4096;
    private const long MostOfRuns = 128;

    // Each scan of a progressive JPEG goes over the whole picture: cameras and encoders make about ten.
    private const long MostScannedPixels = 16 * DecodeOptions.DefaultMaxPixels;

    /// <summary>What is wrong with a file that a decoder should not even look at: it would tell it on standard error. Null if nothing is.</summary>
    public static string? ProblemBeforeOpening(ReadOnlySpan<byte> encoded)
    {
        const int Compression = 30, Masks = 54, Fields = 3, FieldsWithAlpha = 6;
        return encoded.Length >= Masks + 12 && encoded.StartsWith("BM"u8)
            && BinaryPrimitives.ReadUInt32LittleEndian(encoded[Compression..]) is Fields or FieldsWithAlpha
            && !(IsRun(encoded[Masks..]) && IsRun(encoded[(Masks + 4)..]) && IsRun(encoded[(Masks + 8)..]))
            ? "the colour masks of the BMP are not runs of bits"
            : null;
    }

    /// <summary>What is wrong with a file, as the middle of a message; null if nothing is.</summary>
    /// <param name="encoded">The file.</param>
    /// <param name="format">Its format.</param>
    /// <param name="pixels">Width times height.</param>
    public static string? Problem(ReadOnlySpan<byte> encoded, SKEncodedImageFormat format, long pixels)
    {
        long bytes = encoded.Length;
        bool possible = format switch
        {
            SKEncodedImageFormat.Png => PngBytes(encoded, pixels) <= MostOfDeflate * bytes,
            SKEncodedImageFormat.Gif => pixels <= MostOfLzw * bytes,
            SKEncodedImageFormat.Bmp => pixels <= MostOfRuns * bytes,
            _ => true,
        };
        return format is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp)
            ? $"found {format.ToString().ToLowerInvariant()}, expected PNG, JPEG, WebP, GIF or BMP"
            : !possible ? $"{bytes} bytes cannot hold so many pixels"
            : format == SKEncodedImageFormat.Jpeg && Scans(encoded) is var scans && scans * pixels > MostScannedPixels ? $"{scans} scans are too many for a picture of this size"
            : null;
    }

    private static long PngBytes(ReadOnlySpan<byte> png, long pixels)
    {
        const int Depth = 24, Colour = 25;
        if (png.Length <= Colour)
        {
            return pixels;
        }

        int channels = png[Colour] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        return pixels * channels * png[Depth] / 8;
    }

    // Where data holds the byte before a marker, a zero follows it: what looks like the start of a scan is one, but for pictures within the picture.
    private static long Scans(ReadOnlySpan<byte> jpeg)
    {
        ReadOnlySpan<byte> start = [0xff, 0xda];
        long count = 0;
        for (int at; (at = jpeg.IndexOf(start)) >= 0; jpeg = jpeg[(at + 2)..])
        {
            count++;
        }

        return count;
    }

    private static bool IsRun(ReadOnlySpan<byte> mask)
    {
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(mask);
        return bits == 0 || BitOperations.PopCount(bits) == 32 - BitOperations.LeadingZeroCount(bits) - BitOperations.TrailingZeroCount(bits);
    }
}
