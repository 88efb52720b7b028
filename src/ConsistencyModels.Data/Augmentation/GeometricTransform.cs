using System.Numerics.Tensors;

namespace ConsistencyModels.Data.Augmentation;

/// <summary>
/// An image under an affine map, without aliasing (Karras et al. 2020, appendix B.1): reflected beyond its edges, made twice as
/// large with the low-pass filter of the wavelet sym6, sampled bilinearly, and made small again with the same filter. The filter is
/// orthogonal, so the identity gives the image back.
/// </summary>
internal static class GeometricTransform
{
    /// <summary>The low-pass filter of Daubechies' least asymmetric wavelet with six vanishing moments.</summary>
    private static readonly float[] Filter =
    [
        0.015404109327027373f, 0.0034907120842174702f, -0.11799011114819057f, -0.048311742585633f, 0.4910559419267466f, 0.787641141030194f,
        0.3379294217276218f, -0.07263752278646252f, -0.021060292512300564f, 0.04472490177066578f, 0.0017677118642428036f, -0.007800708325034148f,
    ];

    /// <summary>How far the filter reaches beyond a pixel, in pixels of the image.</summary>
    private const int Reach = 3;

    /// <summary>Changes one image [C, H, W] in place.</summary>
    /// <param name="inverse">Where a pixel of the result comes from, in pixels from the middle of the image.</param>
    /// <param name="image">The image.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    public static void Apply(Affine inverse, Span<float> image, int height, int width)
    {
        (int left, int top, int right, int bottom) = Margins(inverse, height, width);
        int paddedWidth = width + left + right;
        int paddedHeight = height + top + bottom;
        int sampledWidth = (2 * width) + (4 * Reach);
        int sampledHeight = (2 * height) + (4 * Reach);
        float[] padded = new float[paddedHeight * paddedWidth];
        float[] wide = new float[paddedHeight * 2 * paddedWidth];
        float[] large = new float[4 * paddedHeight * paddedWidth];
        float[] sampled = new float[sampledHeight * sampledWidth];
        float[] low = new float[height * sampledWidth];
        int[] columns = [.. Enumerable.Range(-left, paddedWidth).Select(x => Blitting.Reflect(x, width))];
        int plane = height * width;
        for (int at = 0; at < image.Length; at += plane)
        {
            Span<float> channel = image.Slice(at, plane);
            Pad(channel, padded, width, columns, top);
            for (int y = 0; y < paddedHeight; y++)
            {
                EnlargeRow(padded.AsSpan(y * paddedWidth, paddedWidth), wide.AsSpan(y * 2 * paddedWidth, 2 * paddedWidth));
            }

            EnlargeRows(wide, large, 2 * paddedWidth);
            Sample(inverse, large, paddedWidth, paddedHeight, sampled, width, height, left, top);
            ReduceRows(sampled, low, sampledWidth);
            for (int y = 0; y < height; y++)
            {
                ReduceRow(low.AsSpan(y * sampledWidth, sampledWidth), channel.Slice(y * width, width));
            }
        }
    }

    /// <summary>How much of the reflected image the result can see, on each side; no more than there is of it.</summary>
    private static (int Left, int Top, int Right, int Bottom) Margins(Affine inverse, int height, int width)
    {
        double cx = (width - 1) / 2.0;
        double cy = (height - 1) / 2.0;
        (double X, double Y)[] corners = [inverse.Of(-cx, -cy), inverse.Of(cx, -cy), inverse.Of(cx, cy), inverse.Of(-cx, cy)];
        int Margin(double outermost, double half, int size) => (int)Math.Ceiling(Math.Clamp(outermost + (2 * Reach) - half, 0, size - 1));
        return (
            Margin(corners.Max(c => -c.X), cx, width),
            Margin(corners.Max(c => -c.Y), cy, height),
            Margin(corners.Max(c => c.X), cx, width),
            Margin(corners.Max(c => c.Y), cy, height));
    }

    private static void Pad(ReadOnlySpan<float> channel, Span<float> padded, int width, ReadOnlySpan<int> columns, int top)
    {
        int height = channel.Length / width;
        for (int y = 0; y < padded.Length / columns.Length; y++)
        {
            ReadOnlySpan<float> from = channel.Slice(Blitting.Reflect(y - top, height) * width, width);
            Span<float> to = padded.Slice(y * columns.Length, columns.Length);
            for (int x = 0; x < to.Length; x++)
            {
                to[x] = from[columns[x]];
            }
        }
    }

    /// <summary>A row of n numbers as one of 2n: zeros put between them, then the filter.</summary>
    private static void EnlargeRow(ReadOnlySpan<float> from, Span<float> to)
    {
        // Tap k of output i stands over input (i + 5 - k) / 2, where that is whole: six inputs, the last one first.
        ReadOnlySpan<float> filter = Filter;
        for (int i = 0; i < to.Length; i++)
        {
            int tap = (i + 5) & 1;
            int at = (i + 5 - tap) / 2;
            float sum = 0;
            if (at >= 5 && at < from.Length)
            {
                ReadOnlySpan<float> part = from.Slice(at - 5, 6);
                sum = (part[5] * filter[tap]) + (part[4] * filter[tap + 2]) + (part[3] * filter[tap + 4])
                    + (part[2] * filter[tap + 6]) + (part[1] * filter[tap + 8]) + (part[0] * filter[tap + 10]);
            }
            else
            {
                for (int k = tap; k < filter.Length; k += 2, at--)
                {
                    sum += (uint)at < (uint)from.Length ? from[at] * filter[k] : 0;
                }
            }

            to[i] = sum;
        }
    }

    /// <summary>n rows as 2n, in the same way.</summary>
    private static void EnlargeRows(ReadOnlySpan<float> from, Span<float> to, int width)
    {
        int count = from.Length / width;
        to.Clear();
        for (int i = 0; i < 2 * count; i++)
        {
            Span<float> row = to.Slice(i * width, width);
            for (int k = (i + 5) & 1, at = (i + 5 - k) / 2; k < Filter.Length; k += 2, at--)
            {
                if ((uint)at < (uint)count)
                {
                    TensorPrimitives.MultiplyAdd(from.Slice(at * width, width), Filter[k], row, row);
                }
            }
        }
    }

    /// <summary>2n + 12 rows as n: the filter, and every second row of what it gives.</summary>
    private static void ReduceRows(ReadOnlySpan<float> from, Span<float> to, int width)
    {
        to.Clear();
        for (int i = 0; i < to.Length / width; i++)
        {
            Span<float> row = to.Slice(i * width, width);
            for (int k = 0; k < Filter.Length; k++)
            {
                TensorPrimitives.MultiplyAdd(from.Slice(((2 * i) + 1 + k) * width, width), Filter[k], row, row);
            }
        }
    }

    /// <summary>A row of 2n + 12 numbers as one of n, in the same way.</summary>
    private static void ReduceRow(ReadOnlySpan<float> from, Span<float> to)
    {
        ReadOnlySpan<float> filter = Filter;
        for (int i = 0; i < to.Length; i++)
        {
            ReadOnlySpan<float> part = from.Slice((2 * i) + 1, filter.Length);
            float sum = 0;
            for (int k = 0; k < part.Length; k++)
            {
                sum += part[k] * filter[k];
            }

            to[i] = sum;
        }
    }

    /// <summary>Samples the enlarged image bilinearly at twice the image's resolution, with the filter's reach around it; 0 lies outside.</summary>
    private static void Sample(
        Affine inverse, ReadOnlySpan<float> large, int paddedWidth, int paddedHeight, Span<float> sampled, int width, int height, int left, int top)
    {
        int largeWidth = 2 * paddedWidth;
        int largeHeight = 2 * paddedHeight;
        int sampledWidth = (2 * width) + (4 * Reach);
        for (int y = 0; y < sampled.Length / sampledWidth; y++)
        {
            double b = y + 1 - height - (2 * Reach);
            for (int x = 0; x < sampledWidth; x++)
            {
                double a = x + 1 - width - (2 * Reach);
                double fromX = (inverse.Xx * a) + (inverse.Xy * b) + (2 * inverse.X1) + (2 * left) + width - 1;
                double fromY = (inverse.Yx * a) + (inverse.Yy * b) + (2 * inverse.Y1) + (2 * top) + height - 1;
                sampled[(y * sampledWidth) + x] = Bilinear(large, largeWidth, largeHeight, fromX, fromY);
            }
        }
    }

    private static float Bilinear(ReadOnlySpan<float> large, int width, int height, double x, double y)
    {
        // Beyond these nothing of the picture is near; the comparison also keeps the integers in range.
        if (!(x > -1 && y > -1 && x < width && y < height))
        {
            return 0;
        }

        int left = (int)Math.Floor(x);
        int top = (int)Math.Floor(y);
        float right = (float)(x - left);
        float below = (float)(y - top);
        if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1)
        {
            ReadOnlySpan<float> near = large.Slice((top * width) + left, width + 2);
            return (((near[0] * (1 - right)) + (near[1] * right)) * (1 - below)) + (((near[width] * (1 - right)) + (near[width + 1] * right)) * below);
        }

        float upper = Mix(large, width, top, height, left, right);
        float lower = Mix(large, width, top + 1, height, left, right);
        return (upper * (1 - below)) + (lower * below);
    }

    private static float Mix(ReadOnlySpan<float> large, int width, int y, int height, int left, float right)
    {
        if ((uint)y >= (uint)height)
        {
            return 0;
        }

        ReadOnlySpan<float> row = large.Slice(y * width, width);
        float first = left >= 0 ? row[left] : 0;
        float second = left + 1 < width ? row[left + 1] : 0;
        return (first * (1 - right)) + (second * right);
    }
}
