namespace ConsistencyModels.Pixels;

/// <summary>
/// One picture as bytes [Height, Width, Channels], interleaved, rows from the top, no padding between rows.
/// 1 channel is gray, 3 are RGB, 4 are RGBA with unpremultiplied alpha; values are the sRGB bytes of the file.
/// </summary>
public sealed class ImageBuffer
{
    /// <summary>Wraps pixels without copying them.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="channels">1, 3 or 4.</param>
    /// <param name="pixels">Exactly width · height · channels bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or channels is not 1, 3 or 4.</exception>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public ImageBuffer(int width, int height, int channels, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        CheckShape(width, height, channels);
        if (pixels.LongLength != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"A {width}x{height} picture of {channels} channels has {(long)width * height * channels} bytes; the array has {pixels.LongLength}.",
                nameof(pixels));
        }

        Width = width;
        Height = height;
        Channels = channels;
        Pixels = pixels;
    }

    /// <summary>Makes a black picture (for 4 channels: transparent black).</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="channels">1, 3 or 4.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive or the picture is larger than an array can be.</exception>
    public ImageBuffer(int width, int height, int channels)
        : this(width, height, channels, new byte[CheckShape(width, height, channels)])
    {
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>1 (gray), 3 (RGB) or 4 (RGBA, unpremultiplied).</summary>
    public int Channels { get; }

    /// <summary>The bytes themselves, [Height, Width, Channels]; writing to them changes the picture.</summary>
    public byte[] Pixels { get; }

    /// <summary>The bytes of one row, [Width, Channels].</summary>
    /// <param name="y">The row, 0 at the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, Height);
        return Pixels.AsSpan(y * Width * Channels, Width * Channels);
    }

    /// <summary>The channels of one pixel.</summary>
    /// <param name="x">The column, 0 at the left.</param>
    /// <param name="y">The row, 0 at the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pixel.</exception>
    public Span<byte> Pixel(int x, int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(x, Width);
        return Row(y).Slice(x * Channels, Channels);
    }

    /// <summary>
    /// The picture with other channels: gray is spread or made as luma, transparent parts lie on a background, new alpha is opaque.
    /// </summary>
    /// <param name="channels">1, 3 or 4.</param>
    /// <param name="background">What shows through where the picture is transparent and the result is not; null for black.</param>
    /// <returns>A new picture, or this one where it has these channels.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is not 1, 3 or 4.</exception>
    public ImageBuffer WithChannels(int channels, RgbColor? background = null)
    {
        CheckShape(Width, Height, channels);
        if (channels == Channels)
        {
            return this;
        }

        var rgba = Channels == 4 ? Pixels : new byte[CheckShape(Width, Height, 4)];
        for (int from = 0, to = 0; Channels != 4 && to < rgba.Length; from += Channels, to += 4)
        {
            for (var c = 0; c < 3; c++)
            {
                rgba[to + c] = Pixels[Channels == 1 ? from : from + c];
            }

            rgba[to + 3] = byte.MaxValue;
        }

        return new(Width, Height, channels, PixelPacking.FromRgba(rgba, channels, background ?? RgbColor.Black));
    }

    private static int CheckShape(int width, int height, int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 1 (gray), 3 (RGB) or 4 (RGBA) channels.");
        }

        long length = (long)width * height;
        if (length > Array.MaxLength / channels)
        {
            throw new ArgumentOutOfRangeException(nameof(width), $"A {width}x{height} picture of {channels} channels is larger than an array can be.");
        }

        return (int)length * channels;
    }
}
