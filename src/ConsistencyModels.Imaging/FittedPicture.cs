using ConsistencyModels.Editing;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>A picture of any size as one or several parts of a model's size, and the way back. Immutable.</summary>
public sealed class FittedPicture
{
    private const byte Known = byte.MaxValue;

    private readonly ImageBuffer _picture;
    private readonly ImageSize _size;
    private readonly FitMode _mode;

    // In the picture: what the parts show. For Pad all of it, for Tile all of it and the rim repeated.
    private readonly (int Left, int Top, int Width, int Height) _region;

    // In a part: where the region stands. Less than all of it only for Pad.
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
        _size = size;
        _mode = mode;
        (_region, _inner) = mode switch
        {
            FitMode.Crop => (Middle(picture, size), (0, 0, size.Width, size.Height)),
            FitMode.Pad => ((0, 0, picture.Width, picture.Height), Inside(picture, size)),
            FitMode.Tile => ((0, 0, picture.Width, picture.Height), (0, 0, size.Width, size.Height)),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode."),
        };
        Parts = Cut(picture, ResampleFilter.Bicubic);
    }

    /// <summary>The parts, of the model's size: one, or the tiles row by row.</summary>
    public IReadOnlyList<ImageBuffer> Parts { get; }

    /// <summary>Tiles in a row; 1 where it is no tiling.</summary>
    public int Columns => _mode == FitMode.Tile ? ((_picture.Width - 1) / _size.Width) + 1 : 1;

    /// <summary>Whether the parts are the picture as it is: nothing was scaled, cut or added.</summary>
    public bool IsExact => _picture.Width == _size.Width && _picture.Height == _size.Height;

    /// <summary>A mask of the picture as masks of the parts: a pixel of a part is known where all that went into it is.</summary>
    /// <param name="mask">One image, one channel, of the picture's size.</param>
    /// <exception cref="ConsistencyModelsException">It is of another size.</exception>
    public IReadOnlyList<ImageMask> Fit(ImageMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        mask.ThrowIfNotFor(new(1, 1, _picture.Height, _picture.Width));
        return [.. Cut(mask.ToImage(), ResampleFilter.Box).Select(part =>
            ImageMask.Of(_size, (y, x) => part.Pixel(x, y)[0] == Known))];
    }

    /// <summary>
    /// The picture with its parts replaced, at the picture's own size. What was scaled down to be edited is scaled up again and is
    /// as coarse as that; where a mask says so, the picture's own pixels stay.
    /// </summary>
    /// <param name="parts">As many as <see cref="Parts"/>, of the same size and of the picture's channels.</param>
    /// <param name="known">Pixels of the picture to keep; null for none.</param>
    /// <exception cref="ArgumentException">The parts do not match.</exception>
    /// <exception cref="ConsistencyModelsException">The mask is of another size.</exception>
    public ImageBuffer PasteBack(IReadOnlyList<ImageBuffer> parts, ImageMask? known = null)
    {
        known?.ThrowIfNotFor(new(1, 1, _picture.Height, _picture.Width));
        Check(parts, 1);
        var patch = _mode == FitMode.Tile
            ? Join(parts)
            : ImageResize.Resize(ImageResize.Crop(parts[0], _inner.Left, _inner.Top, _inner.Width, _inner.Height), _region.Width, _region.Height);
        var result = new ImageBuffer(_picture.Width, _picture.Height, _picture.Channels, [.. _picture.Pixels]);
        for (var y = 0; y < _region.Height; y++)
        {
            for (var x = 0; x < _region.Width; x++)
            {
                if (known is null || !known.IsKnown(0, _region.Top + y, _region.Left + x))
                {
                    patch.Pixel(x, y).CopyTo(result.Pixel(_region.Left + x, _region.Top + y));
                }
            }
        }

        return result;
    }

    /// <summary>Tiles put side by side and cut to the picture's size times a factor: how tiles of a super-resolution come together.</summary>
    /// <param name="parts">As many as <see cref="Parts"/>, each <paramref name="factor"/> times their size.</param>
    /// <param name="factor">How much larger they have become, at least 1.</param>
    /// <exception cref="ArgumentException">The parts do not match.</exception>
    /// <exception cref="InvalidOperationException">The picture was not tiled.</exception>
    public ImageBuffer Join(IReadOnlyList<ImageBuffer> parts, int factor = 1)
    {
        if (_mode != FitMode.Tile)
        {
            throw new InvalidOperationException("Only tiles can be joined.");
        }

        Check(parts, factor);
        var all = ImageGrid.Compose(parts, new GridOptions { Columns = Columns, Padding = 0 });
        return ImageResize.Crop(all, 0, 0, checked(_picture.Width * factor), checked(_picture.Height * factor));
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

    private ImageBuffer[] Cut(ImageBuffer source, ResampleFilter filter)
    {
        switch (_mode)
        {
            case FitMode.Crop:
                return [ImageResize.Resize(ImageResize.Crop(source, _region.Left, _region.Top, _region.Width, _region.Height), _size.Width, _size.Height, filter)];
            case FitMode.Pad:
                var scaled = ImageResize.Resize(source, _inner.Width, _inner.Height, filter);
                return [Window(scaled, -_inner.Left, -_inner.Top)];
            default:
                var rows = ((source.Height - 1) / _size.Height) + 1;
                return [.. Enumerable.Range(0, rows * Columns).Select(i => Window(source, i % Columns * _size.Width, i / Columns * _size.Height))];
        }
    }

    /// <summary>A window of the model's size; where it reaches out of the source, the nearest pixel is repeated.</summary>
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

    private void Check(IReadOnlyList<ImageBuffer> parts, int factor)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        if (parts.Count != Parts.Count
            || parts.Any(part => part.Width != _size.Width * factor || part.Height != _size.Height * factor || part.Channels != _picture.Channels))
        {
            throw new ArgumentException(
                $"Expected {Parts.Count} parts of {_size.Height * factor}x{_size.Width * factor} with {_picture.Channels} channels.", nameof(parts));
        }
    }
}
