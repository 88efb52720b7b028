using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>The transparency of a picture, kept beside its colours for a model that knows none. Immutable.</summary>
public sealed class SeparateAlpha
{
    private readonly ImageBuffer _alpha;

    private SeparateAlpha(ImageBuffer colours, ImageBuffer alpha) => (Colours, _alpha) = (colours, alpha);

    /// <summary>The colours as they are in the file, RGB; black where nothing is to be seen.</summary>
    public ImageBuffer Colours { get; }

    /// <summary>Takes a picture apart.</summary>
    /// <param name="rgba">A picture of four channels.</param>
    /// <returns>Its parts; null where all of it is opaque.</returns>
    /// <exception cref="ArgumentException">It has other channels.</exception>
    public static SeparateAlpha? Of(ImageBuffer rgba)
    {
        ArgumentNullException.ThrowIfNull(rgba);
        if (rgba.Channels != 4)
        {
            throw new ArgumentException($"The picture has {rgba.Channels} channels; expected 4.", nameof(rgba));
        }

        var colours = new ImageBuffer(rgba.Width, rgba.Height, 3);
        var alpha = new ImageBuffer(rgba.Width, rgba.Height, 1);
        for (var i = 0; i < alpha.Pixels.Length; i++)
        {
            alpha.Pixels[i] = rgba.Pixels[(4 * i) + 3];
            if (alpha.Pixels[i] > 0)
            {
                rgba.Pixels.AsSpan(4 * i, 3).CopyTo(colours.Pixels.AsSpan(3 * i));
            }
        }

        return alpha.Pixels.All(value => value == byte.MaxValue) ? null : new(colours, alpha);
    }

    /// <summary>A result at the picture's own size, with its transparency.</summary>
    /// <param name="result">Gray or RGB, of the picture's size.</param>
    public ImageBuffer Put(ImageBuffer result) => Join(result, _alpha);

    /// <summary>A result at the model's size.</summary>
    /// <param name="result">Gray or RGB, of that size.</param>
    /// <param name="size">The model's size.</param>
    /// <param name="mode">How the picture was brought to it.</param>
    public ImageBuffer Put(ImageBuffer result, ImageSize size, FitMode mode) => Join(result, new FittedPicture(_alpha, size, mode).Part);

    /// <summary>An enlarged result: the transparency is enlarged beside the colours.</summary>
    /// <param name="size">What the picture was brought to before it was enlarged.</param>
    /// <param name="mode">How.</param>
    /// <param name="factor">The enlargement.</param>
    /// <param name="result">Gray or RGB, of the enlarged size; without what was added around it.</param>
    public ImageBuffer Enlarge(ImageSize size, FitMode mode, int factor, ImageBuffer result)
    {
        var fitted = new FittedPicture(_alpha, size, mode);
        var part = mode == FitMode.Tile ? fitted.Inner(fitted.Part, 1) : fitted.Part;
        return Join(result, ImageResize.Resize(part, part.Width * factor, part.Height * factor));
    }

    private static ImageBuffer Join(ImageBuffer colours, ImageBuffer alpha)
    {
        ArgumentNullException.ThrowIfNull(colours);
        if (colours.Width != alpha.Width || colours.Height != alpha.Height)
        {
            throw new ArgumentException($"The result is {colours.Width}x{colours.Height}; expected {alpha.Width}x{alpha.Height}, as the transparency is.", nameof(colours));
        }

        var result = new ImageBuffer(colours.Width, colours.Height, 4, [.. colours.WithChannels(4).Pixels]);
        for (var i = 0; i < alpha.Pixels.Length; i++)
        {
            result.Pixels[(4 * i) + 3] = alpha.Pixels[i];
        }

        return result;
    }
}
