using ConsistencyModels.Editing;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>How a picture of any size meets a model of one size. None of them stretches it.</summary>
public enum FitMode
{
    /// <summary>The largest part from the middle that has the model's proportions, scaled to its size.</summary>
    Crop,

    /// <summary>All of the picture, scaled to fit; what is left over repeats the picture's rim.</summary>
    Pad,

    /// <summary>
    /// The picture at its own size, for a denoiser of tiles (<see cref="Denoising.TiledDenoiser"/>); where it is smaller than the
    /// model its rim is repeated.
    /// </summary>
    Tile,
}

/// <summary>A picture of any size as a model can take it, and the way back. Immutable.</summary>
public sealed class FittedPicture
{
    private readonly ImageBuffer _picture;
    private readonly ImageSize _size;
    private readonly FitMode _mode;

    // In the picture: what the part shows. All of it but for Crop.
    private readonly (int Left, int Top, int Width, int Height) _region;

    // In the part: where the region stands. All of it but for Pad, and for Tile where the picture is smaller than the model.
    private readonly (int Left, int Top, int Width, int Height) _inner;

    /// <summary>Fits a picture.</summary>
    /// <param name="picture">Any size; 1, 3 or 4 channels.</param>
    /// <param name="size">The model's size.</param>
    /// <param name="mode">How. A picture of the model's size comes through as it is in any mode.</param>
    public FittedPicture(ImageBuffer picture, ImageSize size, FitMode mode)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Height, 1, nameof(size));
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Width, 1, nameof(size));
        _picture = picture;
        _mode = mode;
        _size = mode == FitMode.Tile ? new(Math.Max(size.Height, picture.Height), Math.Max(size.Width, picture.Width)) : size;
        IsExact = picture.Width == size.Width && picture.Height == size.Height;
        (_region, _inner) = mode switch
        {
            FitMode.Crop => (Middle(picture, size), (0, 0, size.Width, size.Height)),
            FitMode.Pad => ((0, 0, picture.Width, picture.Height), Inside(picture, size)),
            FitMode.Tile => ((0, 0, picture.Width, picture.Height), (0, 0, picture.Width, picture.Height)),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode."),
        };
        Part = Cut(picture, ResampleFilter.Bicubic);
    }

    /// <summary>What the model is given: of its size, or for <see cref="FitMode.Tile"/> at least of its size.</summary>
    public ImageBuffer Part { get; }

    /// <summary>Whether the picture has the model's size, so that nothing was scaled, cut or added.</summary>
    public bool IsExact { get; }

    /// <summary>A mask of the picture as one of the part: a pixel of the part is known where all that went into it is.</summary>
    /// <param name="mask">Of the picture's size.</param>
    /// <exception cref="ConsistencyModelsException">It is of another size.</exception>
    public FillMask Fit(FillMask mask)
    {
        ThrowIfNotFor(mask);
        return new(Cut(mask.ToImage(), ResampleFilter.Box));
    }

    /// <summary>
    /// The picture with its part replaced, at the picture's own size. What was scaled down to be edited is scaled up again and is
    /// as coarse as that; what a mask keeps is the picture's own pixels.
    /// </summary>
    /// <param name="part">Of the size and channels of <see cref="Part"/>.</param>
    /// <param name="mask">What of the picture to replace; null for all that the part shows.</param>
    /// <exception cref="ArgumentException">The part does not match.</exception>
    /// <exception cref="ConsistencyModelsException">The mask is of another size.</exception>
    public ImageBuffer PasteBack(ImageBuffer part, FillMask? mask = null)
    {
        var patch = ImageResize.Resize(Inner(part, 1), _region.Width, _region.Height);
        var result = new ImageBuffer(_picture.Width, _picture.Height, _picture.Channels, [.. _picture.Pixels]);
        for (var y = 0; y < _region.Height; y++)
        {
            patch.Row(y).CopyTo(result.Row(_region.Top + y)[(_region.Left * result.Channels)..]);
        }

        if (mask is not null)
        {
            ThrowIfNotFor(mask);
            return mask.Compose(_picture, result);
        }

        return result;
    }

    /// <summary>The result without what was added to the picture around it: how a super-resolution of all of it comes out.</summary>
    /// <param name="part">Of the size of <see cref="Part"/> times the factor, and of its channels.</param>
    /// <param name="factor">How much larger it has become, at least 1.</param>
    /// <exception cref="ArgumentException">The part does not match.</exception>
    public ImageBuffer Inner(ImageBuffer part, int factor)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        return part.Width == _size.Width * factor && part.Height == _size.Height * factor && part.Channels == _picture.Channels
            ? ImageResize.Crop(part, _inner.Left * factor, _inner.Top * factor, _inner.Width * factor, _inner.Height * factor)
            : throw new ArgumentException(
                $"The part is {part.Width}x{part.Height} with {part.Channels} channels; expected {_size.Width * factor}x{_size.Height * factor} with {_picture.Channels}.", nameof(part));
    }

    private static (int Left, int Top, int Width, int Height) Middle(ImageBuffer picture, ImageSize size)
    {
        // The width the model's proportions give the whole height, or the other way round.
        var width = (int)Math.Clamp(Math.Round((double)picture.Height * size.Width / size.Height), 1, picture.Width);
        var height = (int)Math.Clamp(Math.Round((double)picture.Width * size.Height / size.Width), 1, picture.Height);
        return ((picture.Width - width) / 2, (picture.Height - height) / 2, width, height);
    }

    private static (int Left, int Top, int Width, int Height) Inside(ImageBuffer picture, ImageSize size)
    {
        var scale = Math.Min((double)size.Width / picture.Width, (double)size.Height / picture.Height);
        var width = (int)Math.Clamp(Math.Round(picture.Width * scale), 1, size.Width);
        var height = (int)Math.Clamp(Math.Round(picture.Height * scale), 1, size.Height);
        return ((size.Width - width) / 2, (size.Height - height) / 2, width, height);
    }

    private void ThrowIfNotFor(FillMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        mask.Known.ThrowIfNotFor(new(1, 1, _picture.Height, _picture.Width));
    }

    private ImageBuffer Cut(ImageBuffer source, ResampleFilter filter) => _mode switch
    {
        FitMode.Crop => ImageResize.Resize(ImageResize.Crop(source, _region.Left, _region.Top, _region.Width, _region.Height), _size.Width, _size.Height, filter),
        FitMode.Pad => Window(ImageResize.Resize(source, _inner.Width, _inner.Height, filter), -_inner.Left, -_inner.Top),
        _ => source.Width == _size.Width && source.Height == _size.Height ? source : Window(source, 0, 0),
    };

    /// <summary>A window of the part's size; where it reaches out of the source, the nearest pixel is repeated.</summary>
    private ImageBuffer Window(ImageBuffer source, int left, int top)
    {
        var result = new ImageBuffer(_size.Width, _size.Height, source.Channels);
        for (var y = 0; y < _size.Height; y++)
        {
            for (var x = 0; x < _size.Width; x++)
            {
                source.Pixel(Math.Clamp(left + x, 0, source.Width - 1), Math.Clamp(top + y, 0, source.Height - 1)).CopyTo(result.Pixel(x, y));
            }
        }

        return result;
    }
}
