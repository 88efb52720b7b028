namespace ConsistencyModels.Training.Tests.Learning;

/// <summary>
/// How far two sets of 8x8 images are apart: the squared maximum mean discrepancy of fixed features, with the cubic kernel of the
/// kernel inception distance, unbiased. 0 for two sets of one kind. The features are responses of random 3x3 filters, averaged over
/// the image and over its quarters.
/// </summary>
internal static class FeatureDistance
{
    private const int Side = 8;
    private const int Filters = 12;
    private const int Parts = 5;
    private static readonly float[] Weights = MakeWeights();

    public static double Between(float[] first, float[] second)
    {
        var (a, b) = (Features(first), Features(second));
        return Mean(a, a, same: true) + Mean(b, b, same: true) - (2 * Mean(a, b, same: false));
    }

    private static double Mean(double[][] a, double[][] b, bool same)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            for (var j = 0; j < b.Length; j++)
            {
                if (same && i == j)
                {
                    continue;
                }

                var product = 0.0;
                for (var k = 0; k < a[i].Length; k++)
                {
                    product += a[i][k] * b[j][k];
                }

                sum += Math.Pow((product / a[i].Length) + 1, 3);
            }
        }

        return sum / (a.Length * (double)(same ? b.Length - 1 : b.Length));
    }

    private static double[][] Features(float[] images) => [.. images.Chunk(Side * Side).Select(FeaturesOf)];

    private static double[] FeaturesOf(float[] image)
    {
        var features = new double[Filters * Parts];
        for (var f = 0; f < Filters; f++)
        {
            for (var y = 1; y < Side - 1; y++)
            {
                for (var x = 1; x < Side - 1; x++)
                {
                    var sum = 0f;
                    for (var k = 0; k < 9; k++)
                    {
                        sum += Weights[(f * 9) + k] * image[((y + (k / 3) - 1) * Side) + x + (k % 3) - 1];
                    }

                    var quarter = 1 + (y / (Side / 2) * 2) + (x / (Side / 2));
                    features[f * Parts] += Math.Max(0, sum) / 36;
                    features[(f * Parts) + quarter] += Math.Max(0, sum) / 9;
                }
            }
        }

        return features;
    }

    private static float[] MakeWeights()
    {
        var weights = new float[Filters * 9];
        new Noise.TorchGenerator(3).Randn(weights);
        return weights;
    }
}
