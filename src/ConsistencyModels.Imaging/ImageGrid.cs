using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>Many pictures as one: rows from the top, each from left to right.</summary>
public static class ImageGrid
{
    /// <summary>The largest grid, in pixels (2^28).</summary>
    private const long MaxPixels = 1L << 28;

    /// <summary>Composes pictures of one size into a grid.</summary>
    /// <param name="images">At least one; all of the same width, height and channels.</param>
    /// <param name="options">Columns, padding, background and scale; the defaults where null.</param>
    /// <returns>
    /// A picture of columns · (width · scale + padding) + padding by rows · (height · scale + padding) + padding pixels,
    /// with the channels of the images; the background of RGBA is opaque.
    /// </returns>
    /// <exception cref="ArgumentException">There are no images, or they differ in size or channels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or the grid would exceed 2^28 pixels.</exception>
    public static ImageBuffer Compose(IReadOnlyList<ImageBuffer> images, GridOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        options ??= GridOptions.Default;
        if (images.Count == 0)
        {
            throw new ArgumentException("A grid needs at least one image.", nameof(images));
        }

        ImageBuffer first = images[0];
        for (int i = 1; i < images.Count; i++)
        {
            if (images[i].Width != first.Width || images[i].Height != first.Height || images[i].Channels != first.Channels)
            {
                throw new ArgumentException(
                    $"Image {i} is {Describe(images[i])}, image 0 is {Describe(first)}; a grid needs images of one size.", nameof(images));
            }
        }

        int columns = options.Columns ?? (int)Math.Ceiling(Math.Sqrt(images.Count));
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1, nameof(options.Columns));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Padding, nameof(options.Padding));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Scale, 1, nameof(options.Scale));
        columns = Math.Min(columns, images.Count);
        int rows = (images.Count + columns - 1) / columns;
        Int128 width = ((Int128)columns * (((long)first.Width * options.Scale) + options.Padding)) + options.Padding;
        Int128 height = ((Int128)rows * (((long)first.Height * options.Scale) + options.Padding)) + options.Padding;
        if (width * height > MaxPixels)
        {
            throw new ArgumentOutOfRangeException(nameof(options), $"The grid would have {width}x{height} pixels; at most {MaxPixels} are possible.");
        }

        ImageBuffer grid = new((int)width, (int)height, first.Channels);
        FillBackground(grid, options.Background);
        int stepX = (first.Width * options.Scale) + options.Padding;
        int stepY = (first.Height * options.Scale) + options.Padding;
        for (int i = 0; i < images.Count; i++)
        {
            Place(images[i], grid, options.Padding + (i % columns * stepX), options.Padding + (i / columns * stepY), options.Scale);
        }

        return grid;
    }

    private static void FillBackground(ImageBuffer grid, RgbColor color)
    {
        ReadOnlySpan<byte> pixel = grid.Channels switch
        {
            1 => [color.Luma],
            3 => [color.R, color.G, color.B],
            _ => [color.R, color.G, color.B, 255],
        };
        for (int at = 0; at < grid.Pixels.Length; at += pixel.Length)
        {
            pixel.CopyTo(grid.Pixels.AsSpan(at));
        }
    }

    private static void Place(ImageBuffer image, ImageBuffer grid, int left, int top, int scale)
    {
        int channels = image.Channels;
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(y);
            Span<byte> to = grid.Row(top + (y * scale)).Slice(left * channels, from.Length * scale);
            for (int x = 0; x < image.Width * scale; x++)
            {
                from.Slice(x / scale * channels, channels).CopyTo(to[(x * channels)..]);
            }

            for (int copy = 1; copy < scale; copy++)
            {
                to.CopyTo(grid.Row(top + (y * scale) + copy)[(left * channels)..]);
            }
        }
    }

    private static string Describe(ImageBuffer image) => $"{image.Width}x{image.Height} with {image.Channels} channels";
}

/// <summary>How <see cref="ImageGrid"/> lays pictures out.</summary>
public sealed record GridOptions
{
    /// <summary>The defaults.</summary>
    public static GridOptions Default { get; } = new();

    /// <summary>Pictures in a row; null, the default, makes the grid as square as it can be (the root of n, rounded up).</summary>
    public int? Columns { get; init; }

    /// <summary>Pixels around every picture, at the rim as well; not scaled. 2 by default.</summary>
    public int Padding { get; init; } = 2;

    /// <summary>The colour of the padding and of places without a picture. Black by default.</summary>
    public RgbColor Background { get; init; } = RgbColor.Black;

    /// <summary>Each pixel of a picture becomes Scale x Scale pixels, hard-edged. 1 by default.</summary>
    public int Scale { get; init; } = 1;
}
