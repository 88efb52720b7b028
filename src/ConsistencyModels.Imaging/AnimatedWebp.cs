using ConsistencyModels.Files;
using ConsistencyModels.Pixels;
using SkiaSharp;

namespace ConsistencyModels.Imaging;

/// <summary>Writes moving pictures: WebP without loss, repeated for ever. Browsers and chat programs play it.</summary>
public static class AnimatedWebp
{
    /// <summary>The longest side WebP allows.</summary>
    public const int MaxSide = 16383;

    /// <summary>Encodes frames to memory.</summary>
    /// <param name="frames">The frames in their order, at least one, all of one size and of the same channels: 1, 3 or 4.</param>
    /// <param name="perFrame">How long each is shown: 1 ms to 1 minute, in whole milliseconds.</param>
    /// <returns>The bytes of the file.</returns>
    /// <exception cref="ArgumentException">There is no frame, they differ in size or channels, or a side is longer than <see cref="MaxSide"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    public static byte[] Encode(IReadOnlyList<ImageBuffer> frames, TimeSpan perFrame)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(perFrame, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perFrame, TimeSpan.FromMinutes(1));
        Check(frames);
        List<SKBitmap> bitmaps = [];
        try
        {
            foreach (ImageBuffer frame in frames)
            {
                bitmaps.Add(ToBitmap(frame));
            }

            SKWebpEncoderFrame[] shown = [.. bitmaps.Select(bitmap => new SKWebpEncoderFrame(bitmap, perFrame))];
            using SKData? data = SKWebpEncoder.EncodeAnimated(shown, new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100));
            return data?.ToArray() ?? throw new InvalidOperationException($"Skia could not encode {frames.Count} frames as WebP.");
        }
        finally
        {
            bitmaps.ForEach(bitmap => bitmap.Dispose());
        }
    }

    /// <summary>Writes a file. It appears whole or not at all.</summary>
    /// <param name="frames">As for <see cref="Encode"/>.</param>
    /// <param name="perFrame">As for <see cref="Encode"/>.</param>
    /// <param name="path">The file, whose name ends with .webp; one that is there is replaced.</param>
    /// <exception cref="ConsistencyModelsException">The name has another ending, or the file cannot be written.</exception>
    /// <exception cref="ArgumentException">As for <see cref="Encode"/>.</exception>
    public static void SaveFile(IReadOnlyList<ImageBuffer> frames, TimeSpan perFrame, string path)
    {
        if (ImageEncoder.FormatOf(path) != ImageFormat.Webp)
        {
            throw new ConsistencyModelsException($"{path}: found '{Path.GetExtension(path)}', expected .webp: only WebP moves.");
        }

        AtomicFile.WriteAllBytes(path, Encode(frames, perFrame));
    }

    /// <summary>Frames for a movement there and back: the ends are shown once, so that it repeats without a halt.</summary>
    /// <param name="frames">The frames there.</param>
    public static IReadOnlyList<ImageBuffer> ThereAndBack(IReadOnlyList<ImageBuffer> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        return [.. frames, .. frames.Skip(1).SkipLast(1).Reverse()];
    }

    private static void Check(IReadOnlyList<ImageBuffer> frames)
    {
        if (frames.Count == 0)
        {
            throw new ArgumentException("There is no frame.", nameof(frames));
        }

        ImageBuffer first = frames[0];
        if (frames.FirstOrDefault(frame => frame.Width != first.Width || frame.Height != first.Height || frame.Channels != first.Channels) is { } other)
        {
            throw new ArgumentException(
                $"Frames differ: {first.Width}x{first.Height} with {first.Channels} channels and {other.Width}x{other.Height} with {other.Channels}.", nameof(frames));
        }

        if (Math.Max(first.Width, first.Height) > MaxSide)
        {
            throw new ArgumentException($"{first.Width}x{first.Height} is larger than WebP can be; a side has at most {MaxSide} pixels.", nameof(frames));
        }
    }

    private static unsafe SKBitmap ToBitmap(ImageBuffer frame)
    {
        SKBitmap bitmap = new(new SKImageInfo(frame.Width, frame.Height, SKColorType.Rgba8888, frame.Channels == 4 ? SKAlphaType.Unpremul : SKAlphaType.Opaque, null));
        byte[] pixels = frame.WithChannels(4).Pixels;
        pixels.CopyTo(new Span<byte>((void*)bitmap.GetPixels(), pixels.Length));
        return bitmap;
    }
}
