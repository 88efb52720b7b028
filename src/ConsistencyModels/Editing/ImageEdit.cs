namespace ConsistencyModels.Editing;

/// <summary>
/// What is to be done to a picture, as a value: something of it is known and the rest is drawn (arXiv 2303.01469, Algorithm 4),
/// or it is drawn anew from a noise level of its own (SDEdit, arXiv 2108.01073). Immutable; one edit serves any number of pictures.
/// </summary>
public sealed class ImageEdit
{
    private const int MeasuredSteps = 10;
    private const int GuidedSteps = 3;

    private readonly Func<ImageSize, IMeasurement>? _measurement;

    private ImageEdit(int steps, Func<ImageSize, IMeasurement>? measurement = null)
    {
        Steps = steps;
        _measurement = measurement;
    }

    /// <summary>The noise level it starts at, with the picture in it; null for the model's largest, without the picture.</summary>
    public double? Sigma { get; private init; }

    /// <summary>Whether noise of level <see cref="Sigma"/> is added to the picture first; else the picture has it already.</summary>
    public bool AddsNoise { get; private init; } = true;

    /// <summary>How many times larger than the picture the result is, in either direction.</summary>
    public int Factor { get; private init; } = 1;

    /// <summary>Steps of a consistency model where no number is given (or as many as the model has levels).</summary>
    public int Steps { get; }

    /// <summary>Fills holes. Known pixels come back bit by bit.</summary>
    /// <param name="known">The pixels that are kept; of the size of the pictures.</param>
    public static ImageEdit Inpaint(ImageMask known) => Of(Measurement.Inpainting(known));

    /// <summary>Fills holes and gives colours, for a damaged gray picture: of the pixels that are kept only the luma is known.</summary>
    /// <param name="known">The pixels whose luma is kept; a mask for all channels together.</param>
    /// <exception cref="ArgumentException">The mask tells channels apart.</exception>
    public static ImageEdit InpaintGray(ImageMask known) => Of(Measurement.Colorization(known));

    /// <summary>Gives gray pictures colours; of pictures in colour only the luma is looked at.</summary>
    /// <param name="keep">Pixels whose colours are kept as well; null for none.</param>
    public static ImageEdit Colorize(ImageMask? keep = null) => new(MeasuredSteps, size =>
        keep is null ? Measurement.Colorization(size) : Measurement.Blend(Measurement.Colorization(size), Measurement.Inpainting(keep)));

    /// <summary>Enlarges pictures: every pixel becomes a patch with that mean.</summary>
    /// <param name="factor">Side of a patch, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="factor"/> is not positive.</exception>
    public static ImageEdit SuperResolve(int factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        return new(MeasuredSteps, size => Measurement.SuperResolution(factor, size)) { Factor = factor };
    }

    /// <summary>A custom measurement.</summary>
    /// <param name="measurement">What is known of the pictures.</param>
    public static ImageEdit Of(IMeasurement measurement)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        return new(MeasuredSteps, _ => measurement);
    }

    /// <summary>Makes a picture of a sketch, or another picture like the one given: noise covers its details, and others are drawn.</summary>
    /// <param name="sigma">How much noise, above the model's σ_min: little keeps the picture, much keeps little of it.</param>
    public static ImageEdit Stroke(double sigma) => new(GuidedSteps) { Sigma = sigma };

    /// <summary>Takes noise of a known level out (arXiv 2303.01469, section 5, "denoising").</summary>
    /// <param name="sigma">The standard deviation of the noise on the scale of [-1, 1] (of bytes: times 127.5), above the model's σ_min.</param>
    /// <param name="addNoise">Whether the picture is clean and such noise is to be added first, to show what the model does.</param>
    public static ImageEdit Denoise(double sigma, bool addNoise = false) => new(1) { Sigma = sigma, AddsNoise = addNoise };

    /// <summary>What is known of a result; null where it is drawn from a noisy picture, of which nothing is known for certain.</summary>
    /// <param name="size">Size of the result.</param>
    public IMeasurement? MeasurementFor(ImageSize size) => _measurement?.Invoke(size);
}
