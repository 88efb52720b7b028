using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Editing;

/// <summary>
/// Which values of an image are known (true: they are kept) and which are to be made up (false). For one image or each of a
/// batch, for all channels together or each. Immutable.
/// </summary>
public sealed partial class ImageMask
{
    // Words of all ones or all zeros: what the select instruction takes.
    private readonly int[] _words;

    /// <summary>Takes a mask value by value.</summary>
    /// <param name="shape">[N, C, H, W]; N = 1 is for every image of a batch, C = 1 for every channel.</param>
    /// <param name="known">As many values, in that order; true is kept.</param>
    /// <exception cref="ArgumentException">A side is not positive, or the lengths differ.</exception>
    public ImageMask(ImageShape shape, ReadOnlySpan<bool> known)
    {
        if (shape.Batch < 1 || shape.Channels < 1 || shape.Height < 1 || shape.Width < 1 || known.Length != shape.Length)
        {
            throw new ArgumentException($"The mask has {known.Length} values for shape {shape}.", nameof(known));
        }

        Shape = shape;
        _words = new int[known.Length];
        for (var i = 0; i < known.Length; i++)
        {
            _words[i] = known[i] ? -1 : 0;
        }
    }

    private ImageMask(ImageShape shape, int[] words)
    {
        Shape = shape;
        _words = words;
    }

    /// <summary>[N, C, H, W], with N and C 1 where the mask is the same for all.</summary>
    public ImageShape Shape { get; }

    /// <summary>The part of the values that is known, 0 to 1.</summary>
    public double KnownFraction => (double)_words.Count(word => word != 0) / _words.Length;

    /// <summary>Shape and the part that is known, such as "[1, 1, 32, 32], 75% known".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Shape}, {100 * KnownFraction:0.#}% known");

    /// <summary>Whether a value is known.</summary>
    /// <param name="channel">The channel; for a mask of one channel any.</param>
    /// <param name="y">The row.</param>
    /// <param name="x">The column.</param>
    /// <param name="image">The image; for a mask of one image any.</param>
    public bool IsKnown(int channel, int y, int x, int image = 0) =>
        _words[PlaneStart(image, channel) + (y * Shape.Width) + x] != 0;

    /// <summary>The opposite: what was kept is made up.</summary>
    public ImageMask Inverted() => new(Shape, Array.ConvertAll(_words, word => ~word));

    /// <summary>Throws if the mask is not for such a batch.</summary>
    /// <param name="shape">Shape of the batch.</param>
    /// <exception cref="ConsistencyModelsException">It is of another size, number of channels or number of images.</exception>
    public void ThrowIfNotFor(ImageShape shape)
    {
        if (Shape.Height != shape.Height || Shape.Width != shape.Width)
        {
            throw new ConsistencyModelsException($"The mask is {Shape.Height}x{Shape.Width} pixels (height x width); expected the size of the images, {shape.Height}x{shape.Width}.");
        }

        if ((Shape.Channels != 1 && Shape.Channels != shape.Channels) || (Shape.Batch != 1 && Shape.Batch != shape.Batch))
        {
            throw new ConsistencyModelsException($"The mask has shape {Shape}; expected one image or {shape.Batch}, and one channel or {shape.Channels}.");
        }
    }

    /// <summary>Writes known values over others, bit by bit the same.</summary>
    /// <param name="known">[N, C, H, W], where the known values come from.</param>
    /// <param name="x">[N, C, H, W], changed where the mask is true.</param>
    /// <param name="shape">Shape of both.</param>
    /// <exception cref="ConsistencyModelsException">The mask is not for such a batch.</exception>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Impose(ReadOnlySpan<float> known, Span<float> x, ImageShape shape)
    {
        ThrowIfNotFor(shape);
        if (known.Length != shape.Length || x.Length != shape.Length)
        {
            throw new ArgumentException($"There are {known.Length} known values and {x.Length} others; expected {shape.Length}, shape {shape}.", nameof(x));
        }

        var plane = shape.Height * shape.Width;
        for (var image = 0; image < shape.Batch; image++)
        {
            for (var channel = 0; channel < shape.Channels; channel++)
            {
                var start = (image * shape.ImageLength) + (channel * plane);
                Select(_words.AsSpan(PlaneStart(image, channel), plane), known.Slice(start, plane), x.Slice(start, plane));
            }
        }
    }

    private int PlaneStart(int image, int channel) =>
        (((Shape.Batch == 1 ? 0 : image) * Shape.Channels) + (Shape.Channels == 1 ? 0 : channel)) * Shape.Height * Shape.Width;

    private static void Select(ReadOnlySpan<int> words, ReadOnlySpan<float> known, Span<float> x)
    {
        var masks = MemoryMarshal.Cast<int, Vector<int>>(words);
        var from = MemoryMarshal.Cast<float, Vector<float>>(known);
        var to = MemoryMarshal.Cast<float, Vector<float>>(x);
        for (var i = 0; i < masks.Length; i++)
        {
            to[i] = Vector.ConditionalSelect(masks[i], from[i], to[i]);
        }

        for (var i = masks.Length * Vector<int>.Count; i < words.Length; i++)
        {
            x[i] = words[i] != 0 ? known[i] : x[i];
        }
    }
}
