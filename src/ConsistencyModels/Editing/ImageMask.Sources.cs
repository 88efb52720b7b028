namespace ConsistencyModels.Editing;

public sealed partial class ImageMask
{
    /// <summary>Names of the masks of <see cref="Demo"/>.</summary>
    public static IReadOnlyList<string> DemoNames { get; } = ["center", "left", "top", "checkers", "stripes"];

    /// <summary>Everything is known: an edit returns its input.</summary>
    /// <param name="size">Size of the images.</param>
    public static ImageMask All(ImageSize size) => Of(size, (_, _) => true);

    /// <summary>Nothing is known: an edit is a generation.</summary>
    /// <param name="size">Size of the images.</param>
    public static ImageMask None(ImageSize size) => Of(size, (_, _) => false);

    /// <summary>A mask by a rule.</summary>
    /// <param name="size">Size of the images.</param>
    /// <param name="known">Whether the pixel at (row, column) is kept.</param>
    /// <exception cref="ArgumentException">The size has no pixel, or more than an array can hold.</exception>
    public static ImageMask Of(ImageSize size, Func<int, int, bool> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        if (size.Height < 1 || size.Width < 1)
        {
            throw new ArgumentException($"The mask is {size} pixels; expected at least one.", nameof(size));
        }

        var shape = new ImageShape(1, 1, size.Height, size.Width);
        var values = new bool[shape.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = known(i / size.Width, i % size.Width);
        }

        return new(shape, values);
    }

    /// <summary>A hole: the rectangle is made up, the rest is kept.</summary>
    /// <param name="size">Size of the images.</param>
    /// <param name="left">First column of the hole.</param>
    /// <param name="top">First row of the hole.</param>
    /// <param name="width">Columns of the hole, at least 1.</param>
    /// <param name="height">Rows of the hole, at least 1.</param>
    /// <exception cref="ConsistencyModelsException">The rectangle is empty or does not lie inside the image.</exception>
    public static ImageMask Rectangle(ImageSize size, int left, int top, int width, int height) =>
        left >= 0 && top >= 0 && width >= 1 && height >= 1 && left <= size.Width - width && top <= size.Height - height
            ? Of(size, (y, x) => x < left || x >= left + width || y < top || y >= top + height)
            : throw new ConsistencyModelsException(
                $"The rectangle is {width}x{height} at ({left}, {top}) (width x height, column, row); expected one inside {size.Width}x{size.Height}.");

    /// <summary>A mask to try things with: the middle quarter, the left or the top half, checkers, or every other stripe is made up.</summary>
    /// <param name="name">One of <see cref="DemoNames"/>.</param>
    /// <param name="size">Size of the images.</param>
    /// <exception cref="ConsistencyModelsException">There is no mask of that name.</exception>
    public static ImageMask Demo(string name, ImageSize size)
    {
        var (height, width) = (size.Height, size.Width);

        // An eighth of the image, at least a pixel.
        var cell = Math.Max(1, Math.Min(height, width) / 8);
        return name switch
        {
            "center" => Of(size, (y, x) => y < height / 4 || y >= height - (height / 4) || x < width / 4 || x >= width - (width / 4)),
            "left" => Of(size, (_, x) => x >= width / 2),
            "top" => Of(size, (y, _) => y >= height / 2),
            "checkers" => Of(size, (y, x) => ((y / cell) + (x / cell)) % 2 == 0),
            "stripes" => Of(size, (y, _) => y / cell % 2 == 0),
            _ => throw new ConsistencyModelsException($"There is no mask '{name}'; expected {string.Join(", ", DemoNames)}."),
        };
    }

    /// <summary>One mask an image, of masks for one image each.</summary>
    /// <param name="masks">At least one, all of one size and number of channels.</param>
    /// <exception cref="ArgumentException">There are none, or they differ.</exception>
    public static ImageMask Stack(IReadOnlyList<ImageMask> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        return masks.Count > 0 && masks.All(mask => mask.Shape == masks[0].Shape && mask.Shape.Batch == 1)
            ? new(masks[0].Shape.WithBatch(masks.Count), masks.SelectMany(mask => mask._words).ToArray())
            : throw new ArgumentException("Masks to stack are for one image each and of one size.", nameof(masks));
    }
}
