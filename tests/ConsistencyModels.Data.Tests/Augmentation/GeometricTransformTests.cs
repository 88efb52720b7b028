using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Data.Tests.Augmentation;

public sealed class GeometricTransformTests
{
    private static readonly double[] Sym6 =
    [
        0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
    ];

    private static float[] Image(int height, int width, int channels = 1)
    {
        float[] image = new float[channels * height * width];
        new TorchGenerator(4).Randn(image);
        return image;
    }

    private static void AssertNear(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance, $"{i}: {actual[i]}, expected {expected[i]}");
        }
    }

    [Fact]
    public void The_identity_gives_the_image_back()
    {
        float[] image = Image(9, 14, 3);
        GeometricTransform.Apply(Affine.Identity, image, 9, 14);
        AssertNear(Image(9, 14, 3), image, 1e-5f);
    }

    [Fact]
    public void Whole_pixels_move_exactly_and_the_edges_are_reflected()
    {
        float[] image = Image(12, 12);
        GeometricTransform.Apply(Affine.Translate(-3, 2), image, 12, 12);
        float[] before = Image(12, 12);
        float[] expected = new float[144];
        for (int y = 0; y < 12; y++)
        {
            for (int x = 0; x < 12; x++)
            {
                expected[(y * 12) + x] = before[(Blitting.Reflect(y + 2, 12) * 12) + Blitting.Reflect(x - 3, 12)];
            }
        }

        AssertNear(expected, image, 1e-5f);
    }

    [Fact]
    public void A_quarter_of_a_turn_moves_what_is_on_the_right_to_the_top()
    {
        // A soft spot 5 pixels to the right of the middle; where a pixel comes from is turned, (x, y) from (-y, x).
        const int side = 21;
        float[] image = [.. Enumerable.Range(0, side * side).Select(i => MathF.Exp(-(Square((i % side) - 15) + Square((i / side) - 10)) / 4f))];
        float sum = image.Sum();
        GeometricTransform.Apply(Affine.Rotate(Math.PI / 2), image, side, side);
        double x = Enumerable.Range(0, image.Length).Sum(i => image[i] * ((i % side) - 10.0)) / sum;
        double y = Enumerable.Range(0, image.Length).Sum(i => image[i] * ((i / side) - 10.0)) / sum;
        Assert.InRange(x, -0.1, 0.1);
        Assert.InRange(y, -5.1, -4.9);
        Assert.InRange(image.Sum(), sum * 0.98, sum * 1.02);

        static float Square(float value) => value * value;
    }

    [Theory]
    [InlineData(8, 8, 1)]
    [InlineData(9, 13, 2)]
    [InlineData(2, 5, 3)]
    [InlineData(24, 16, 4)]
    public void Any_map_is_what_the_definition_gives(int height, int width, ulong seed)
    {
        TorchGenerator generator = new(seed);
        float[] numbers = new float[6];
        for (int round = 0; round < 6; round++)
        {
            generator.Randn(numbers);
            Affine inverse = Affine.Scale(1 / (1 + (0.3 * Math.Abs(numbers[0]))), Math.Pow(2, 0.4 * numbers[1]))
                .After(Affine.Rotate(numbers[2])).After(Affine.Translate(numbers[3] * width / 4, numbers[4] * height / 4));
            float[] image = Image(height, width);
            double[] expected = Definition(inverse, image, height, width);
            GeometricTransform.Apply(inverse, image, height, width);
            AssertNear([.. expected.Select(value => (float)value)], image, 1e-4f);
        }
    }

    /// <summary>
    /// The original's steps one by one in its own coordinates: reflect by the largest margins there can be, put zeros between pixels and convolve
    /// with the reversed filter, sample on a grid in [-1, 1], convolve with the filter and keep every second, crop.
    /// </summary>
    private static double[] Definition(Affine inverse, float[] image, int height, int width)
    {
        const int pad = 3;
        (int mx0, int my0, int mx1, int my1) = Margins(inverse, height, width);
        int wide = width + mx0 + mx1;
        int high = height + my0 + my1;
        double[,] padded = new double[high, wide];
        for (int y = 0; y < high; y++)
        {
            for (int x = 0; x < wide; x++)
            {
                padded[y, x] = image[(Blitting.Reflect(y - my0, height) * width) + Blitting.Reflect(x - mx0, width)];
            }
        }

        double[] reversed = [.. Sym6.Reverse()];
        double[,] large = Convolve(Transpose(Convolve(Transpose(Zeros(padded)), reversed, 6, 1)), reversed, 6, 1);
        double[,] theta = Multiply(Translation((mx0 - mx1) / 2.0, (my0 - my1) / 2.0), Matrix(inverse));
        theta = Multiply(Multiply(Scaling(2, 2), theta), Scaling(0.5, 0.5));
        theta = Multiply(Multiply(Translation(-0.5, -0.5), theta), Translation(0.5, 0.5));
        int outHigh = (height + (2 * pad)) * 2;
        int outWide = (width + (2 * pad)) * 2;
        theta = Multiply(Multiply(Scaling(2.0 / large.GetLength(1), 2.0 / large.GetLength(0)), theta), Scaling(outWide / 2.0, outHigh / 2.0));
        double[,] sampled = new double[outHigh, outWide];
        for (int y = 0; y < outHigh; y++)
        {
            for (int x = 0; x < outWide; x++)
            {
                double gx = (((2 * x) + 1) / (double)outWide) - 1;
                double gy = (((2 * y) + 1) / (double)outHigh) - 1;
                double px = (((theta[0, 0] * gx) + (theta[0, 1] * gy) + theta[0, 2] + 1) * large.GetLength(1) / 2) - 0.5;
                double py = (((theta[1, 0] * gx) + (theta[1, 1] * gy) + theta[1, 2] + 1) * large.GetLength(0) / 2) - 0.5;
                sampled[y, x] = Bilinear(large, px, py);
            }
        }

        double[,] small = Transpose(Convolve(Transpose(Convolve(sampled, Sym6, 5, 2)), Sym6, 5, 2));
        return [.. Enumerable.Range(0, height * width).Select(i => small[(i / width) + pad, (i % width) + pad])];
    }

    private static (int, int, int, int) Margins(Affine inverse, int height, int width)
    {
        double cx = (width - 1) / 2.0;
        double cy = (height - 1) / 2.0;
        (double X, double Y)[] corners = [inverse.Of(-cx, -cy), inverse.Of(cx, -cy), inverse.Of(cx, cy), inverse.Of(-cx, cy)];
        int Limit(double value, int size) => (int)Math.Ceiling(Math.Min(Math.Max(value, 0), size - 1));
        return (
            Limit(corners.Max(c => -c.X) + 6 - cx, width),
            Limit(corners.Max(c => -c.Y) + 6 - cy, height),
            Limit(corners.Max(c => c.X) + 6 - cx, width),
            Limit(corners.Max(c => c.Y) + 6 - cy, height));
    }

    private static double[,] Zeros(double[,] from)
    {
        double[,] to = new double[(from.GetLength(0) * 2) - 1, (from.GetLength(1) * 2) - 1];
        for (int y = 0; y < from.GetLength(0); y++)
        {
            for (int x = 0; x < from.GetLength(1); x++)
            {
                to[2 * y, 2 * x] = from[y, x];
            }
        }

        return to;
    }

    // Along rows, as conv2d: a correlation, with zeros beyond.
    private static double[,] Convolve(double[,] from, double[] kernel, int padding, int stride)
    {
        double[,] to = new double[from.GetLength(0), ((from.GetLength(1) + (2 * padding) - kernel.Length) / stride) + 1];
        for (int y = 0; y < to.GetLength(0); y++)
        {
            for (int x = 0; x < to.GetLength(1); x++)
            {
                for (int k = 0; k < kernel.Length; k++)
                {
                    int at = (x * stride) - padding + k;
                    to[y, x] += at >= 0 && at < from.GetLength(1) ? from[y, at] * kernel[k] : 0;
                }
            }
        }

        return to;
    }

    private static double[,] Transpose(double[,] from)
    {
        double[,] to = new double[from.GetLength(1), from.GetLength(0)];
        for (int y = 0; y < to.GetLength(0); y++)
        {
            for (int x = 0; x < to.GetLength(1); x++)
            {
                to[y, x] = from[x, y];
            }
        }

        return to;
    }

    private static double Bilinear(double[,] image, double x, double y)
    {
        int left = (int)Math.Floor(x);
        int top = (int)Math.Floor(y);
        double At(int row, int column) => row >= 0 && row < image.GetLength(0) && column >= 0 && column < image.GetLength(1) ? image[row, column] : 0;
        return (((At(top, left) * (left + 1 - x)) + (At(top, left + 1) * (x - left))) * (top + 1 - y))
            + (((At(top + 1, left) * (left + 1 - x)) + (At(top + 1, left + 1) * (x - left))) * (y - top));
    }

    private static double[,] Matrix(Affine a) => new[,] { { a.Xx, a.Xy, a.X1 }, { a.Yx, a.Yy, a.Y1 }, { 0, 0, 1 } };

    private static double[,] Scaling(double x, double y) => new[,] { { x, 0, 0 }, { 0, y, 0 }, { 0, 0, 1 } };

    private static double[,] Translation(double x, double y) => new[,] { { 1, 0, x }, { 0, 1, y }, { 0, 0, 1 } };

    private static double[,] Multiply(double[,] a, double[,] b)
    {
        double[,] c = new double[3, 3];
        for (int i = 0; i < 9; i++)
        {
            c[i / 3, i % 3] = Enumerable.Range(0, 3).Sum(k => a[i / 3, k] * b[k, i % 3]);
        }

        return c;
    }
}
