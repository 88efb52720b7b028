using ConsistencyModels.Pixels;

namespace ConsistencyModels.Editing;

/// <summary>
/// A mask as people draw it, by the convention of diffusers, Automatic1111 and ComfyUI: white is filled, black is kept, and gray is
/// filled and then mixed with the picture in that share, so that a soft edge stays soft. Immutable.
/// </summary>
public sealed class FillMask
{
    /// <summary>Values this near to black or white are meant to be it: JPEG does not keep them exactly.</summary>
    public const byte Tolerance = 8;

    private const byte HalfWay = 128;
    private readonly byte[] _fill;

    /// <summary>Takes a mask pixel by pixel.</summary>
    /// <param name="fill">Gray: 0 is kept, 255 is filled.</param>
    /// <exception cref="ArgumentException">The picture has other channels.</exception>
    public FillMask(ImageBuffer fill)
        : this(Checked(fill), [.. fill.Pixels])
    {
    }

    private FillMask(ImageSize size, byte[] fill)
    {
        (Size, _fill) = (size, fill);
        Known = ImageMask.Of(size, (y, x) => fill[(y * size.Width) + x] == 0);
    }

    /// <summary>Size of the picture.</summary>
    public ImageSize Size { get; }

    /// <summary>The pixels of which nothing is filled: what an edit knows.</summary>
    public ImageMask Known { get; }

    /// <summary>How much of the picture is filled, 0 to 1; gray counts in part.</summary>
    public double Share => _fill.Sum(value => (long)value) / (255.0 * _fill.Length);

    /// <summary>Whether a pixel is filled in part.</summary>
    public bool IsSoft => _fill.Any(value => value is > 0 and < byte.MaxValue);

    /// <summary>A mask without gray.</summary>
    /// <param name="known">What is kept; for one image, all channels together.</param>
    /// <exception cref="ArgumentException">The mask is for several images or tells channels apart.</exception>
    public static FillMask Of(ImageMask known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return known.Shape is { Batch: 1, Channels: 1, Height: var height, Width: var width }
            ? new(new(height, width), [.. Enumerable.Range(0, height * width).Select(i => known.IsKnown(0, i / width, i % width) ? (byte)0 : byte.MaxValue)])
            : throw new ArgumentException($"The mask has shape {known.Shape}; expected one for one image and all channels.", nameof(known));
    }

    /// <summary>
    /// A drawn mask. Where it has transparent parts and what is painted has one colour, what is painted is filled, whatever the
    /// colour: that is how a mask on a layer of its own looks.
    /// </summary>
    /// <param name="image">Gray, RGB or RGBA.</param>
    /// <exception cref="ConsistencyModelsException">It has transparent parts and is painted in black and white, so that it can be read in two ways.</exception>
    public static FillMask FromImage(ImageBuffer image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var pixels = image.WithChannels(4).Pixels;
        var size = new ImageSize(image.Height, image.Width);
        var (layer, darkest, lightest) = (false, byte.MaxValue, byte.MinValue);
        var fill = new byte[pixels.Length / 4];
        for (var i = 0; i < fill.Length; i++)
        {
            var (luma, alpha) = (Luma(pixels.AsSpan(4 * i)), pixels[(4 * i) + 3]);
            fill[i] = Clean(luma);
            layer |= alpha < byte.MaxValue - Tolerance;
            if (alpha >= HalfWay)
            {
                (darkest, lightest) = (Math.Min(darkest, luma), Math.Max(lightest, luma));
            }
        }

        if (!layer)
        {
            return new(size, fill);
        }

        if (lightest > darkest && lightest - darkest >= HalfWay)
        {
            throw new ConsistencyModelsException(
                "The mask has transparent parts and is painted in dark and light, so it is not clear what is filled; expected black and white without transparency, or one colour on a transparent layer.");
        }

        for (var i = 0; i < fill.Length; i++)
        {
            fill[i] = Clean(pixels[(4 * i) + 3]);
        }

        return new(size, fill);
    }

    /// <summary>A picture's own transparency: what is more transparent than not is filled.</summary>
    /// <param name="image">RGBA.</param>
    /// <exception cref="ConsistencyModelsException">The picture has no alpha channel.</exception>
    public static FillMask FromAlpha(ImageBuffer image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Channels == 4
            ? Of(ImageMask.Of(new(image.Height, image.Width), (y, x) => image.Pixel(x, y)[3] >= HalfWay))
            : throw new ConsistencyModelsException($"The picture has {image.Channels} channels and no alpha, so nothing says what to fill; expected a picture with transparent parts.");
    }

    /// <summary>The opposite: what was kept is filled.</summary>
    public FillMask Inverted() => new(Size, Array.ConvertAll(_fill, value => (byte)(byte.MaxValue - value)));

    /// <summary>As a gray picture: white is filled.</summary>
    public ImageBuffer ToImage() => new(Size.Width, Size.Height, 1, [.. _fill]);

    /// <summary>How much of a pixel is filled, 0 to 255.</summary>
    /// <param name="x">The column.</param>
    /// <param name="y">The row.</param>
    public byte FillOf(int x, int y) => _fill[(y * Size.Width) + x];

    /// <summary>The last composite: a result where the mask fills, the picture where it keeps, a mixture where it is gray.</summary>
    /// <param name="picture">The picture, of the mask's size.</param>
    /// <param name="result">What was made of it, of the same size and channels.</param>
    /// <exception cref="ArgumentException">A size or the channels differ.</exception>
    public ImageBuffer Compose(ImageBuffer picture, ImageBuffer result)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentNullException.ThrowIfNull(result);
        if (picture.Width != Size.Width || picture.Height != Size.Height || result.Width != Size.Width || result.Height != Size.Height || picture.Channels != result.Channels)
        {
            throw new ArgumentException(
                $"The picture is {picture.Width}x{picture.Height} with {picture.Channels} channels, the result {result.Width}x{result.Height} with {result.Channels}; expected {Size.Width}x{Size.Height} and as many channels.", nameof(result));
        }

        var mixed = new ImageBuffer(picture.Width, picture.Height, picture.Channels);
        for (var i = 0; i < mixed.Pixels.Length; i++)
        {
            var share = _fill[i / picture.Channels];
            mixed.Pixels[i] = (byte)(((picture.Pixels[i] * (byte.MaxValue - share)) + (result.Pixels[i] * share) + (byte.MaxValue / 2)) / byte.MaxValue);
        }

        return mixed;
    }

    private static ImageSize Checked(ImageBuffer fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        return fill.Channels == 1 ? new(fill.Height, fill.Width) : throw new ArgumentException($"The mask has {fill.Channels} channels; expected one.", nameof(fill));
    }

    private static byte Clean(byte value) => value <= Tolerance ? (byte)0 : value >= byte.MaxValue - Tolerance ? byte.MaxValue : value;

    private static byte Luma(ReadOnlySpan<byte> pixel) => new RgbColor(pixel[0], pixel[1], pixel[2]).Luma;
}
