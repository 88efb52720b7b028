using ConsistencyModels.Denoising;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// The recorded cases' exact denoiser: the posterior mean under a mixture of two Gaussians of weights 0.3 and 0.7 and deviation
/// 0.2, per image, in double precision.
/// </summary>
internal sealed class GaussianMixtureDenoiser(float[] means) : IDenoiser
{
    private const double Variance = 0.2 * 0.2;

    private static readonly double[] Weights = [0.3, 0.7];

    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<float> sigmas,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        var length = shape.ImageLength;
        Assert.Equal(2 * length, means.Length);
        for (var image = 0; image < shape.Batch; image++)
        {
            double sigma = sigmas[sigmas.Length == 1 ? 0 : image];
            var total = Variance + (sigma * sigma);
            var one = x.Slice(image * length, length);
            var first = Log(one, 0, total);
            var second = Log(one, 1, total);
            var largest = Math.Max(first, second);
            var (a, b) = (Math.Exp(first - largest), Math.Exp(second - largest));
            var share = a / (a + b);
            for (var i = 0; i < length; i++)
            {
                var towardsFirst = means[i] + (Variance / total * (one[i] - means[i]));
                var towardsSecond = means[length + i] + (Variance / total * (one[i] - means[length + i]));
                denoised[(image * length) + i] = (float)((share * towardsFirst) + ((1 - share) * towardsSecond));
            }
        }
    }

    private double Log(ReadOnlySpan<float> x, int component, double variance)
    {
        var square = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = (double)x[i] - means[(component * x.Length) + i];
            square += difference * difference;
        }

        return Math.Log(Weights[component]) - (square / (2 * variance));
    }
}
