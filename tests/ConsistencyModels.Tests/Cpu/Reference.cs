namespace ConsistencyModels.Tests.Cpu;

/// <summary>Layers in double precision, straight from their definitions; pixels are in NHWC order.</summary>
internal static class Reference
{
    public static float[] Normal(System.Random random, int count, double deviation = 1)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

    /// <summary>3x3 convolution; weights are [out, in, 3, 3]. Also returns Σ|w·x|, the scale of rounding errors.</summary>
    public static (double[] Values, double[] Scale) Convolution(
        float[] x, int batch, int height, int width, int inChannels, float[] weights, float[] bias, int stride, int padding, int outHeight, int outWidth)
    {
        var outChannels = bias.Length;
        var values = new double[batch * outHeight * outWidth * outChannels];
        var scale = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (rest, o) = Math.DivRem(i, outChannels);
            (rest, var column) = Math.DivRem(rest, outWidth);
            (var image, var row) = Math.DivRem(rest, outHeight);
            double sum = bias[o], magnitude = Math.Abs(bias[o]);
            for (var tap = 0; tap < 9; tap++)
            {
                var y = (row * stride) - padding + (tap / 3);
                var z = (column * stride) - padding + (tap % 3);
                if (y < 0 || y >= height || z < 0 || z >= width)
                {
                    continue;
                }

                for (var c = 0; c < inChannels; c++)
                {
                    var term = (double)x[((((image * height) + y) * width + z) * inChannels) + c] * weights[(((o * inChannels) + c) * 9) + tap];
                    sum += term;
                    magnitude += Math.Abs(term);
                }
            }

            values[i] = sum;
            scale[i] = magnitude;
        }

        return (values, scale);
    }

    public static double[] Linear(double[] x, int rows, int depth, float[] weights, float[] bias)
    {
        var result = new double[rows * bias.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var o = 0; o < bias.Length; o++)
            {
                double sum = bias[o];
                for (var k = 0; k < depth; k++)
                {
                    sum += x[(row * depth) + k] * weights[(o * depth) + k];
                }

                result[(row * bias.Length) + o] = sum;
            }
        }

        return result;
    }

    public static double[] GroupNorm(float[] x, int batch, int pixels, int channels, int groups, double eps, float[] weight, float[] bias)
    {
        var result = new double[x.Length];
        var width = channels / groups;
        for (var image = 0; image < batch; image++)
        {
            for (var group = 0; group < groups; group++)
            {
                var places = Enumerable.Range(0, pixels)
                    .SelectMany(p => Enumerable.Range(group * width, width).Select(c => ((((image * pixels) + p) * channels) + c, c))).ToArray();
                var mean = places.Average(place => (double)x[place.Item1]);
                var variance = places.Average(place => Math.Pow(x[place.Item1] - mean, 2));
                foreach (var (place, c) in places)
                {
                    result[place] = ((x[place] - mean) / Math.Sqrt(variance + eps) * weight[c]) + bias[c];
                }
            }
        }

        return result;
    }

    public static double SiLU(double x) => x / (1 + Math.Exp(-x));

    public static float[] Double(float[] x, int batch, int height, int width, int channels)
    {
        var result = new float[4 * x.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var (rest, c) = Math.DivRem(i, channels);
            (rest, var column) = Math.DivRem(rest, 2 * width);
            (var image, var row) = Math.DivRem(rest, 2 * height);
            result[i] = x[((((image * height) + (row / 2)) * width + (column / 2)) * channels) + c];
        }

        return result;
    }

    public static double[] Halve(double[] x, int batch, int height, int width, int channels)
    {
        var result = new double[x.Length / 4];
        for (var i = 0; i < result.Length; i++)
        {
            var (rest, c) = Math.DivRem(i, channels);
            (rest, var column) = Math.DivRem(rest, width / 2);
            (var image, var row) = Math.DivRem(rest, height / 2);
            double At(int y, int z) => x[((((image * height) + (2 * row) + y) * width + (2 * column) + z) * channels) + c];
            result[i] = (At(0, 0) + At(0, 1) + At(1, 0) + At(1, 1)) / 4;
        }

        return result;
    }

    public static double[] Attention(float[] q, float[] k, float[] v, int tokens, int heads, int dim)
    {
        var inner = heads * dim;
        var result = new double[tokens * inner];
        for (var head = 0; head < heads; head++)
        {
            for (var row = 0; row < tokens; row++)
            {
                var scores = new double[tokens];
                for (var key = 0; key < tokens; key++)
                {
                    for (var d = 0; d < dim; d++)
                    {
                        scores[key] += (double)q[(row * inner) + (head * dim) + d] * k[(key * inner) + (head * dim) + d] / Math.Sqrt(dim);
                    }
                }

                var max = scores.Max();
                var weights = scores.Select(s => Math.Exp(s - max)).ToArray();
                var total = weights.Sum();
                for (var d = 0; d < dim; d++)
                {
                    for (var key = 0; key < tokens; key++)
                    {
                        result[(row * inner) + (head * dim) + d] += weights[key] / total * v[(key * inner) + (head * dim) + d];
                    }
                }
            }
        }

        return result;
    }

    /// <summary>Largest |actual - expected| / scale.</summary>
    public static double Worst(double[] expected, float[] actual, double[]? scale = null)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs(actual[i] - expected[i]) / (scale?[i] ?? 1);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        return worst;
    }
}
