using ConsistencyModels.Pixels;

namespace ConsistencyModels.Imaging;

/// <summary>
/// Resizing that gives PIL's bytes: an antialiased convolution in 8-bit fixed point, first along rows, then along
/// columns, so that pictures prepared here equal those the reference's training saw.
/// </summary>
public static class ImageResize
{
    /// <summary>The largest picture a resize may make, in pixels (2^28).</summary>
    private const long MaxOutputPixels = 1L << 28;

    /// <summary>Resizes to an exact size. RGBA is resampled with premultiplied alpha, as PIL does.</summary>
    /// <param name="image">1, 3 or 4 channels.</param>
    /// <param name="width">New width in pixels.</param>
    /// <param name="height">New height in pixels.</param>
    /// <param name="filter">The kernel.</param>
    /// <returns>A new picture, or <paramref name="image"/> itself where the size is already right.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or the result is above 2^28 pixels.</exception>
    public static ImageBuffer Resize(ImageBuffer image, int width, int height, ResampleFilter filter = ResampleFilter.Bicubic)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)width * height, MaxOutputPixels, nameof(width));
        if (width == image.Width && height == image.Height)
        {
            return image;
        }

        ImageBuffer work = image.Channels == 4 ? AlphaScaling.Premultiply(image) : image;
        if (width != work.Width)
        {
            work = Horizontal(work, new ResampleKernel(work.Width, width, filter), width);
        }

        if (height != work.Height)
        {
            work = Vertical(work, new ResampleKernel(work.Height, height, filter), height);
        }

        return image.Channels == 4 ? AlphaScaling.Unpremultiply(work) : work;
    }

    /// <summary>
    /// The square of the data sets of openai/guided-diffusion and openai/consistency_models (image_datasets.py,
    /// <c>center_crop_arr</c>): halve with BOX while the shorter side is at least twice the size, BICUBIC to make the
    /// shorter side the size, then cut out the middle.
    /// </summary>
    /// <param name="image">1, 3 or 4 channels, any size.</param>
    /// <param name="size">The side of the result in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <exception cref="ConsistencyModelsException">The picture is so elongated that scaling it would exceed 2^28 pixels.</exception>
    public static ImageBuffer CenterCrop(ImageBuffer image, int size)
    {
        image = ScaleShorterSide(image, size);
        return Crop(image, (image.Width - size) / 2, (image.Height - size) / 2, size, size);
    }

    /// <summary>
    /// The first half of <see cref="CenterCrop"/> and of openai's <c>random_crop_arr</c>: halve with BOX while the shorter side is at
    /// least twice the size, then BICUBIC to make the shorter side the size. The proportions stay.
    /// </summary>
    /// <param name="image">1, 3 or 4 channels, any size.</param>
    /// <param name="size">The shorter side of the result in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <exception cref="ConsistencyModelsException">The picture is so elongated that scaling it would exceed 2^28 pixels.</exception>
    public static ImageBuffer ScaleShorterSide(ImageBuffer image, int size)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        while (Math.Min(image.Width, image.Height) >= 2L * size)
        {
            image = Resize(image, image.Width / 2, image.Height / 2, ResampleFilter.Box);
        }

        double scale = (double)size / Math.Min(image.Width, image.Height);

        // Python's round: half to even, the default of Math.Round.
        double width = Math.Round(image.Width * scale);
        double height = Math.Round(image.Height * scale);
        if (width * height > MaxOutputPixels)
        {
            throw new ConsistencyModelsException($"A {image.Width}x{image.Height} picture is too elongated to be scaled to a square of {size}.");
        }

        return Resize(image, (int)width, (int)height, ResampleFilter.Bicubic);
    }

    /// <summary>Cuts out a rectangle.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="left">First column kept.</param>
    /// <param name="top">First row kept.</param>
    /// <param name="width">Columns kept.</param>
    /// <param name="height">Rows kept.</param>
    /// <returns>A new picture, or <paramref name="image"/> itself where all of it is kept.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle is empty or does not lie inside the picture.</exception>
    public static ImageBuffer Crop(ImageBuffer image, int left, int top, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (left < 0 || top < 0 || left > image.Width - width || top > image.Height - height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(left), $"The rectangle {width}x{height} at ({left}, {top}) does not lie inside a {image.Width}x{image.Height} picture.");
        }

        if (width == image.Width && height == image.Height)
        {
            return image;
        }

        ImageBuffer result = new(width, height, image.Channels);
        for (int y = 0; y < height; y++)
        {
            image.Row(top + y).Slice(left * image.Channels, width * image.Channels).CopyTo(result.Row(y));
        }

        return result;
    }

    private static ImageBuffer Horizontal(ImageBuffer image, ResampleKernel kernel, int width)
    {
        int channels = image.Channels;
        ImageBuffer result = new(width, image.Height, channels);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(y);
            Span<byte> to = result.Row(y);
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<int> weights = kernel.Weights(x);
                int start = kernel.First[x] * channels;
                for (int c = 0; c < channels; c++)
                {
                    int sum = 1 << (ResampleKernel.PrecisionBits - 1);
                    for (int k = 0, at = start + c; k < weights.Length; k++, at += channels)
                    {
                        sum += from[at] * weights[k];
                    }

                    to[(x * channels) + c] = Clip(sum);
                }
            }
        }

        return result;
    }

    private static ImageBuffer Vertical(ImageBuffer image, ResampleKernel kernel, int height)
    {
        ImageBuffer result = new(image.Width, height, image.Channels);
        int[] sums = new int[image.Width * image.Channels];
        for (int y = 0; y < height; y++)
        {
            // Row by row rather than pixel by pixel: the sums are the same integers and the reads are in order.
            Array.Fill(sums, 1 << (ResampleKernel.PrecisionBits - 1));
            ReadOnlySpan<int> weights = kernel.Weights(y);
            for (int k = 0; k < weights.Length; k++)
            {
                ReadOnlySpan<byte> from = image.Row(kernel.First[y] + k);
                int weight = weights[k];
                for (int i = 0; i < from.Length; i++)
                {
                    sums[i] += from[i] * weight;
                }
            }

            Span<byte> to = result.Row(y);
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = Clip(sums[i]);
            }
        }

        return result;
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.PrecisionBits, 0, 255);
}

/// <summary>The kernels of <see cref="ImageResize"/>; they are PIL's, widened by the scale when a picture shrinks.</summary>
public enum ResampleFilter
{
    /// <summary>Mean over the area: PIL's BOX, support 0.5.</summary>
    Box,

    /// <summary>Triangle: PIL's BILINEAR, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5: PIL's BICUBIC, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc: PIL's LANCZOS, support 3.</summary>
    Lanczos,
}

/// <summary>
/// The weights of one resampling pass in PIL's fixed point (Pillow's Resample.c, precompute_coeffs and
/// normalize_coeffs_8bpc): for each output sample a first input sample and a run of integer weights of sum about 2^22.
/// </summary>
internal sealed class ResampleKernel
{
    /// <summary>32 bits less 8 for the sample and 2 for the overshoot of the kernels.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private readonly int[] _weights;
    private readonly int _stride;

    public ResampleKernel(int inSize, int outSize, ResampleFilter filter)
    {
        double scale = (double)inSize / outSize;
        double filterScale = Math.Max(scale, 1.0);
        double support = Support(filter) * filterScale;
        _stride = ((int)Math.Ceiling(support) * 2) + 1;
        _weights = new int[checked(outSize * _stride)];
        First = new int[outSize];
        Length = new int[outSize];
        double[] run = new double[_stride];
        for (int i = 0; i < outSize; i++)
        {
            double center = (i + 0.5) * scale;
            int first = Math.Max((int)(center - support + 0.5), 0);
            int length = Math.Min((int)(center + support + 0.5), inSize) - first;
            double sum = 0;
            for (int k = 0; k < length; k++)
            {
                run[k] = Evaluate(filter, (k + first - center + 0.5) / filterScale);
                sum += run[k];
            }

            for (int k = 0; k < length; k++)
            {
                double weight = (sum != 0 ? run[k] / sum : run[k]) * (1 << PrecisionBits);
                _weights[(i * _stride) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }

            First[i] = first;
            Length[i] = length;
        }
    }

    /// <summary>For each output sample, the first input sample it sees.</summary>
    public int[] First { get; }

    /// <summary>For each output sample, how many input samples it sees.</summary>
    public int[] Length { get; }

    /// <summary>The weights of one output sample.</summary>
    public ReadOnlySpan<int> Weights(int output) => _weights.AsSpan(output * _stride, Length[output]);

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear => 1.0,
        ResampleFilter.Bicubic => 2.0,
        ResampleFilter.Lanczos => 3.0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "No such filter."),
    };

    private static double Evaluate(ResampleFilter filter, double x)
    {
        const double A = -0.5;
        double magnitude = Math.Abs(x);
        return filter switch
        {
            // Half open, so that a sample on the border between two outputs counts once.
            ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            ResampleFilter.Bilinear => Math.Max(1 - magnitude, 0),
            ResampleFilter.Bicubic when magnitude < 1 => ((((A + 2) * magnitude) - (A + 3)) * magnitude * magnitude) + 1,
            ResampleFilter.Bicubic when magnitude < 2 => ((((magnitude - 5) * magnitude) + 8) * magnitude - 4) * A,
            ResampleFilter.Lanczos when x is >= -3 and < 3 => Sinc(x) * Sinc(x / 3),
            _ => 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
