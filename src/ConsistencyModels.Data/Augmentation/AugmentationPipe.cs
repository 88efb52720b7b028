using ConsistencyModels.Noise;

namespace ConsistencyModels.Data.Augmentation;

/// <summary>
/// EDM's augmentations on plain memory. What is drawn depends on the generator alone and in the order of the original, so that a
/// seed gives the numbers that PyTorch's CPU generator gives it there. Immutable; usable from several threads at once.
/// </summary>
public sealed class AugmentationPipe
{
    /// <summary>A pipe.</summary>
    /// <param name="options">Which augmentations.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not 0 to 1, or another number is negative or not finite.</exception>
    public AugmentationPipe(AugmentationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Probability is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Probability, "A probability is 0 to 1.");
        }

        double[] others =
        [
            options.MirrorX, options.MirrorY, options.QuarterTurns, options.WholeTranslation, options.WholeTranslationMax, options.Scale, options.ScaleStd,
            options.Rotation, options.RotationMax, options.Stretch, options.StretchStd, options.StretchRotated, options.Translation, options.TranslationStd,
        ];
        if (others.FirstOrDefault(value => !double.IsFinite(value) || value < 0) is var wrong && (wrong != 0 || double.IsNaN(wrong)))
        {
            throw new ArgumentOutOfRangeException(nameof(options), wrong, "Multipliers and ranges are finite and not negative.");
        }

        Options = options;
    }

    /// <summary>Which augmentations.</summary>
    public AugmentationOptions Options { get; }

    /// <summary>Draws what is done to each image of a batch.</summary>
    /// <param name="images">How many images, at least 1: those of all processes, of which each applies its share.</param>
    /// <param name="height">Their height in pixels, at least 2.</param>
    /// <param name="width">Their width in pixels, at least 2.</param>
    /// <param name="generator">Where the numbers come from; it moves on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is too small.</exception>
    /// <exception cref="ArgumentException">Quarter turns are wanted of images that are not squares.</exception>
    public AugmentationDraw Draw(int images, int height, int width, TorchGenerator generator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        ArgumentNullException.ThrowIfNull(generator);
        if (Options.QuarterTurns > 0 && height != width)
        {
            throw new ArgumentException($"Images of {width}x{height} cannot be turned by quarters: they are not squares.", nameof(width));
        }

        AugmentationDraw draw = new(images, height, width, Options.LabelCount);
        new AugmentationSampler(Options, draw, generator).Fill();
        return draw;
    }

    /// <summary>Changes images in place as it was drawn.</summary>
    /// <param name="draw">What was drawn.</param>
    /// <param name="first">Which of the drawn images the first one is.</param>
    /// <param name="images">[n, C, H, W]: images <paramref name="first"/> to first + n - 1 of the draw.</param>
    /// <param name="channels">C.</param>
    /// <exception cref="ArgumentException">The span is no whole number of images, or there are more than were drawn.</exception>
    public static void Apply(AugmentationDraw draw, int first, Span<float> images, int channels)
    {
        ArgumentNullException.ThrowIfNull(draw);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        int length = checked(channels * draw.Height * draw.Width);
        int count = images.Length / length;
        if (count * length != images.Length || count > draw.Count - first)
        {
            throw new ArgumentException(
                $"{images.Length} floats from image {first} on are not images of [{channels}, {draw.Height}, {draw.Width}] among the {draw.Count} drawn.", nameof(images));
        }

        unsafe
        {
            fixed (float* start = images)
            {
                // A lambda may not hold a span; the batch is pinned for as long as all threads work on it.
                float* batch = start;
                Parallel.For(0, count, i => Apply(draw, first + i, new Span<float>(batch + ((long)i * length), length)));
            }
        }
    }

    private static void Apply(AugmentationDraw draw, int index, Span<float> image)
    {
        ImageDraw drawn = draw.Images[index];
        Blitting.Apply(drawn, image, draw.Height, draw.Width);
        if (!drawn.Inverse.IsIdentity)
        {
            GeometricTransform.Apply(drawn.Inverse, image, draw.Height, draw.Width);
        }
    }
}

/// <summary>What was drawn for the images of a batch.</summary>
public sealed class AugmentationDraw
{
    private readonly float[] _labels;

    internal AugmentationDraw(int count, int height, int width, int labelCount)
    {
        Count = count;
        Height = height;
        Width = width;
        LabelCount = labelCount;
        Images = new ImageDraw[count];
        _labels = new float[count * labelCount];
        Array.Fill(Images, new ImageDraw { Inverse = Affine.Identity });
    }

    /// <summary>How many images were drawn for.</summary>
    public int Count { get; }

    /// <summary>Numbers an image: 9 for <see cref="AugmentationOptions.Edm"/>.</summary>
    public int LabelCount { get; }

    /// <summary>
    /// [<see cref="Count"/>, <see cref="LabelCount"/>]: what the network is told. All 0 for an image that nothing was done to, as in
    /// sampling.
    /// </summary>
    public ReadOnlySpan<float> Labels => _labels;

    internal int Height { get; }

    internal int Width { get; }

    internal ImageDraw[] Images { get; }

    internal Span<float> LabelsOf(int image) => _labels.AsSpan(image * LabelCount, LabelCount);
}

/// <summary>What was drawn for one image.</summary>
internal struct ImageDraw
{
    public bool MirrorX;
    public bool MirrorY;
    public int QuarterTurns;
    public int MoveX;
    public int MoveY;

    /// <summary>Where a pixel of the result comes from, in pixels from the middle.</summary>
    public Affine Inverse;
}

/// <summary>(x, y) -> (Xx x + Xy y + X1, Yx x + Yy y + Y1).</summary>
internal readonly record struct Affine(double Xx, double Xy, double X1, double Yx, double Yy, double Y1)
{
    public static Affine Identity { get; } = new(1, 0, 0, 0, 1, 0);

    public bool IsIdentity => this == Identity;

    public static Affine Scale(double x, double y) => new(x, 0, 0, 0, y, 0);

    public static Affine Translate(double x, double y) => new(1, 0, x, 0, 1, y);

    public static Affine Rotate(double angle)
    {
        (double sin, double cos) = Math.SinCos(angle);
        return new(cos, -sin, 0, sin, cos, 0);
    }

    /// <summary>First the other, then this.</summary>
    public Affine After(Affine other) => new(
        (Xx * other.Xx) + (Xy * other.Yx),
        (Xx * other.Xy) + (Xy * other.Yy),
        (Xx * other.X1) + (Xy * other.Y1) + X1,
        (Yx * other.Xx) + (Yy * other.Yx),
        (Yx * other.Xy) + (Yy * other.Yy),
        (Yx * other.X1) + (Yy * other.Y1) + Y1);

    public (double X, double Y) Of(double x, double y) => ((Xx * x) + (Xy * y) + X1, (Yx * x) + (Yy * y) + Y1);
}
