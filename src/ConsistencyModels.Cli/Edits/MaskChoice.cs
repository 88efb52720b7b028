using ConsistencyModels.Editing;
using ConsistencyModels.Imaging;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Cli.Edits;

/// <summary>Where a mask comes from: at most one of a file, the picture's alpha, a rectangle and a shape.</summary>
internal sealed record MaskChoice
{
    /// <summary>A picture: white is filled.</summary>
    public string? File { get; init; }

    /// <summary>The pictures' own transparency.</summary>
    public bool Alpha { get; init; }

    /// <summary>Left, top, width and height of a hole.</summary>
    public IReadOnlyList<int>? Rectangle { get; init; }

    /// <summary>A mask to try things with.</summary>
    public string? Shape { get; init; }

    /// <summary>Whether what would be kept is filled, and the other way round.</summary>
    public bool Invert { get; init; }

    /// <summary>How many sources were named.</summary>
    public int Sources => (File is null ? 0 : 1) + (Alpha ? 1 : 0) + (Rectangle is null ? 0 : 1) + (Shape is null ? 0 : 1);

    /// <summary>Where the mask comes from, for the parameters that a picture carries.</summary>
    public string Description => (File is { } file ? System.IO.Path.GetFileName(file)
        : Alpha ? "alpha"
        : Rectangle is { } rectangle ? $"rect {string.Join(',', rectangle)}"
        : Shape!) + (Invert ? ", inverted" : "");

    /// <summary>Makes the mask of a picture, of the picture's size.</summary>
    /// <param name="path">The picture's file, for messages and for its alpha.</param>
    /// <param name="picture">The picture.</param>
    /// <exception cref="ConsistencyModelsException">The mask is not for this picture, or fills nothing.</exception>
    public FillMask Of(string path, ImageBuffer picture)
    {
        var drawn = Source(path, new ImageSize(picture.Height, picture.Width));
        var mask = Invert ? drawn.Inverted() : drawn;
        return mask.Share > 0 ? mask : throw new ConsistencyModelsException(Empty(path));
    }

    private FillMask Source(string path, ImageSize size)
    {
        if (File is not null)
        {
            var drawn = ImageDecoder.DecodeFile(File, new DecodeOptions { Channels = 4 });
            return drawn.Width == size.Width && drawn.Height == size.Height
                ? Read(drawn)
                : throw new ConsistencyModelsException($"--mask: {File} has {drawn.Width}x{drawn.Height} pixels, expected {size.Width}x{size.Height}, as {path} has");
        }

        return Alpha ? FillMask.FromAlpha(ImageDecoder.DecodeFile(path, new DecodeOptions { Channels = 4 }))
            : FillMask.Of(Rectangle is [var left, var top, var width, var height] ? ImageMask.Rectangle(size, left, top, width, height) : ImageMask.Demo(Shape!, size));
    }

    private FillMask Read(ImageBuffer drawn)
    {
        try
        {
            return FillMask.FromImage(drawn);
        }
        catch (ConsistencyModelsException e)
        {
            throw new ConsistencyModelsException($"--mask {File}: {e.Message}", e);
        }
    }

    private string Empty(string path) => (File, Alpha, Invert) switch
    {
        (not null, _, false) => $"--mask: {File} fills nothing: white is filled, and its lightest pixel is {ImageDecoder.DecodeFile(File, new DecodeOptions { Channels = 1 }).Pixels.Max()} of 255; --invert fills what is black",
        (not null, _, true) => $"--mask: {File} fills nothing: with --invert black is filled, and all of it is white",
        (_, true, false) => $"--alpha: {path} has no transparent part, so nothing says what to fill; give --mask, --rect or --auto",
        (_, true, true) => $"--alpha: {path} has no opaque part, so with --invert there is nothing to fill",
        _ => "--invert: the hole is the whole picture, so there is nothing left to fill",
    };
}
