using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>The transparency of a picture, kept beside its colours for a model that knows none.</summary>
internal sealed class SeparateAlpha
{
    private readonly ImageBuffer _alpha;

    private SeparateAlpha(ImageBuffer colours, ImageBuffer alpha) => (Colours, _alpha) = (colours, alpha);

    /// <summary>The colours as they are in the file; black where nothing is to be seen.</summary>
    public ImageBuffer Colours { get; }

    /// <summary>Takes a picture apart; null where all of it is opaque.</summary>
    public static SeparateAlpha? Of(ImageBuffer rgba)
    {
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

    /// <summary>The result at the picture's own size, with its transparency.</summary>
    public ImageBuffer Put(ImageBuffer result) => Join(result, _alpha);

    /// <summary>The result at the model's size.</summary>
    public ImageBuffer Put(ImageBuffer result, ImageSize size, FitMode mode) => Join(result, new FittedPicture(_alpha, size, mode).Part);

    /// <summary>An enlarged result: the transparency is enlarged beside the colours.</summary>
    public ImageBuffer Enlarge(ImageSize size, FitMode mode, int factor, ImageBuffer result)
    {
        var fitted = new FittedPicture(_alpha, size, mode);
        var part = mode == FitMode.Tile ? fitted.Inner(fitted.Part, 1) : fitted.Part;
        return Join(result, ImageResize.Resize(part, part.Width * factor, part.Height * factor));
    }

    private static ImageBuffer Join(ImageBuffer colours, ImageBuffer alpha)
    {
        var result = new ImageBuffer(colours.Width, colours.Height, 4, [.. colours.WithChannels(4).Pixels]);
        for (var i = 0; i < alpha.Pixels.Length; i++)
        {
            result.Pixels[(4 * i) + 3] = alpha.Pixels[i];
        }

        return result;
    }
}
