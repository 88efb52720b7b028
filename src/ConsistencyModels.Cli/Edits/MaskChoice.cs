using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>Where a mask comes from: at most one of a file, the picture's alpha, a rectangle and a shape.</summary>
internal sealed record MaskChoice
{
    /// <summary>A picture: white is kept.</summary>
    public string? File { get; init; }

    /// <summary>The pictures' own transparency.</summary>
    public bool Alpha { get; init; }

    /// <summary>Left, top, width and height of a hole.</summary>
    public IReadOnlyList<int>? Rectangle { get; init; }

    /// <summary>A mask to try things with.</summary>
    public string? Shape { get; init; }

    /// <summary>Whether what would be kept is filled.</summary>
    public bool Invert { get; init; }

    /// <summary>How many sources were named.</summary>
    public int Sources => (File is null ? 0 : 1) + (Alpha ? 1 : 0) + (Rectangle is null ? 0 : 1) + (Shape is null ? 0 : 1);

    /// <summary>Makes the mask of a picture, of the picture's size.</summary>
    /// <param name="path">The picture's file, for messages and for its alpha.</param>
    /// <param name="picture">The picture.</param>
    /// <exception cref="ConsistencyModelsException">The mask is not for this picture.</exception>
    public ImageMask Of(string path, ImageBuffer picture)
    {
        var mask = Source(path, new ImageSize(picture.Height, picture.Width));
        return Invert ? mask.Inverted() : mask;
    }

    private ImageMask Source(string path, ImageSize size)
    {
        if (File is not null)
        {
            var drawn = ImageDecoder.DecodeFile(File, new DecodeOptions { Channels = 1 });
            return drawn.Width == size.Width && drawn.Height == size.Height
                ? ImageMask.FromImage(drawn)
                : throw new ConsistencyModelsException($"--mask: {File} has {drawn.Width}x{drawn.Height} pixels, expected {size.Width}x{size.Height}, as {path} has");
        }

        if (Alpha)
        {
            var mask = ImageMask.FromAlpha(ImageDecoder.DecodeFile(path, new DecodeOptions { Channels = 4 }));
            return mask.KnownFraction < 1
                ? mask
                : throw new ConsistencyModelsException($"--alpha: {path} has no transparent part, so nothing says what to fill; give --mask, --rect or --auto");
        }

        return Rectangle is [var left, var top, var width, var height]
            ? ImageMask.Rectangle(size, left, top, width, height)
            : ImageMask.Demo(Shape!, size);
    }
}
