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

        image = Resize(image, (int)width, (int)height, ResampleFilter.Bicubic);
        return Crop(image, (image.Width - size) / 2, (image.Height - size) / 2, size, size);
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
