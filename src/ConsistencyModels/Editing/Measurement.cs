using System.Buffers;

namespace ConsistencyModels.Editing;

/// <summary>A transform and a mask over its coordinates: every edit of the paper's Algorithm 4 is one.</summary>
public sealed class Measurement : IMeasurement
{
    /// <summary>Combines them.</summary>
    /// <param name="transform">A.</param>
    /// <param name="known">Ω: which coordinates are known.</param>
    /// <param name="background">See <see cref="Background"/>.</param>
    public Measurement(ITransform transform, ImageMask known, float background = 0)
    {
        ArgumentNullException.ThrowIfNull(transform);
        ArgumentNullException.ThrowIfNull(known);
        Transform = transform;
        Known = known;
        Background = background;
    }

    /// <summary>A.</summary>
    public ITransform Transform { get; }

    /// <summary>Ω: which coordinates are known.</summary>
    public ImageMask Known { get; }

    /// <inheritdoc/>
    public float Background { get; }

    /// <summary>Inpainting: some pixels are known. Matches openai's <c>iterative_inpainting</c>, with any mask and batch.</summary>
    /// <param name="known">The pixels kept.</param>
    public static Measurement Inpainting(ImageMask known) => new(IdentityTransform.Instance, known, background: -1);

    /// <summary>Colorization: the luma of every pixel is known. Matches openai's <c>iterative_colorization</c>.</summary>
    /// <param name="size">Size of the images, which must be RGB.</param>
    public static Measurement Colorization(ImageSize size) => Colorization(ImageMask.All(size));

    /// <summary>Inpainting and colorization in one, for a damaged gray picture: only the luma is known, and only of some pixels.</summary>
    /// <param name="known">The pixels whose luma is kept; a mask for all channels together.</param>
    /// <exception cref="ArgumentException">The mask tells channels apart.</exception>
    public static Measurement Colorization(ImageMask known)
    {
        ArgumentNullException.ThrowIfNull(known);
        if (known.Shape.Channels != 1)
        {
            throw new ArgumentException($"The mask has {known.Shape.Channels} channels, expected one: gray has no others.", nameof(known));
        }

        var shape = known.Shape with { Channels = ChannelTransform.Luma.FirstColumn.Count };
        return new(ChannelTransform.Luma, Mask(shape, (image, channel, y, x) => channel == 0 && known.IsKnown(0, y, x, image)));
    }

    /// <summary>Super-resolution: the mean of every patch is known. Matches openai's <c>iterative_superres</c>, with any factor.</summary>
    /// <param name="factor">Side of a patch in pixels; it must divide the images' height and width.</param>
    /// <param name="size">Size of the images to make.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is not positive.</exception>
    public static Measurement SuperResolution(int factor, ImageSize size) => new(
        new PatchTransform(factor),
        ImageMask.Of(size, (y, x) => y % factor == 0 && x % factor == 0));

    /// <summary>Several measurements of one picture at once, such as inpainting with colorization of the rest.</summary>
    /// <param name="parts">In order; see <see cref="BlendedMeasurement"/> for what the order means.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static BlendedMeasurement Blend(params IReadOnlyList<IMeasurement> parts) => new(parts);

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
        Transform.ThrowIfNotFor(shape);
        Known.ThrowIfNotFor(shape);
    }

    /// <inheritdoc/>
    public void Impose(ReadOnlySpan<float> reference, Span<float> x, ImageShape shape)
    {
        ThrowIfNotFor(shape);
        if (Transform is IdentityTransform)
        {
            // No copy, and no arithmetic that could change a bit.
            Known.Impose(reference, x, shape);
            return;
        }

        if (reference.Length != shape.Length || x.Length != shape.Length)
        {
            throw new ArgumentException($"There are {reference.Length} reference values and {x.Length} others; expected {shape.Length}, shape {shape}.", nameof(x));
        }

        var rented = ArrayPool<float>.Shared.Rent(x.Length);
        try
        {
            var known = rented.AsSpan(0, x.Length);
            reference.CopyTo(known);
            Transform.Forward(known, shape);
            Transform.Forward(x, shape);
            Known.Impose(known, x, shape);
            Transform.Inverse(x, shape);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private static ImageMask Mask(ImageShape shape, Func<int, int, int, int, bool> known)
    {
        var values = new bool[shape.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (row, x) = Math.DivRem(i, shape.Width);
            var (plane, y) = Math.DivRem(row, shape.Height);
            values[i] = known(plane / shape.Channels, plane % shape.Channels, y, x);
        }

        return new(shape, values);
    }
}
