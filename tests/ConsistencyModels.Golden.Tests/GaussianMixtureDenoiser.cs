using System.Globalization;
using System.Text.RegularExpressions;
using ConsistencyModels.Denoising;

namespace ConsistencyModels.Golden.Tests;

/// <summary>
/// The recorded cases' exact denoiser: the posterior mean under a mixture of two Gaussians of one deviation, per image, in
/// double precision.
/// </summary>
internal sealed partial class GaussianMixtureDenoiser : IDenoiser
{
    private readonly float[] _means;
    private readonly double[] _weights;
    private readonly double _variance;

    private GaussianMixtureDenoiser(float[] means, double[] weights, double deviation) =>
        (_means, _weights, _variance) = (means, weights, deviation * deviation);

    /// <summary>The mixture that a case describes: "m_k given as tensor 'gmm_means' [2,C,H,W]; w=(0.3,0.7), s=0.2".</summary>
    internal static GaussianMixtureDenoiser In(string words, float[] means)
    {
        var found = Settings().Match(words);
        Assert.True(found.Success && words.StartsWith("denoiser 'gmm'", StringComparison.Ordinal), $"\"{words}\" describes no mixture.");
        double Number(string group) => double.Parse(found.Groups[group].Value, CultureInfo.InvariantCulture);
        return new(means, [Number("first"), Number("second")], Number("deviation"));
    }

    public void Denoise(
        ReadOnlySpan<float> x,
        ImageShape shape,
        ReadOnlySpan<NoiseLevel> levels,
        ReadOnlySpan<int> classLabels,
        Span<float> denoised,
        CancellationToken cancellationToken = default)
    {
        var length = shape.ImageLength;
        Assert.Equal(2 * length, _means.Length);
        for (var image = 0; image < shape.Batch; image++)
        {
            double sigma = levels[levels.Length == 1 ? 0 : image].Sigma;
            var total = _variance + (sigma * sigma);
            var one = x.Slice(image * length, length);
            var first = Log(one, 0, total);
            var second = Log(one, 1, total);
            var largest = Math.Max(first, second);
            var (a, b) = (Math.Exp(first - largest), Math.Exp(second - largest));
            var share = a / (a + b);
            for (var i = 0; i < length; i++)
            {
                var towardsFirst = _means[i] + (_variance / total * (one[i] - _means[i]));
                var towardsSecond = _means[length + i] + (_variance / total * (one[i] - _means[length + i]));
                denoised[(image * length) + i] = (float)((share * towardsFirst) + ((1 - share) * towardsSecond));
            }
        }
    }

    private double Log(ReadOnlySpan<float> x, int component, double variance)
    {
        var square = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = (double)x[i] - _means[(component * x.Length) + i];
            square += difference * difference;
        }

        return Math.Log(_weights[component]) - (square / (2 * variance));
    }

    [GeneratedRegex(@"w=\((?<first>[\d.]+),\s*(?<second>[\d.]+)\), s=(?<deviation>[\d.]*\d)")]
    private static partial Regex Settings();
}
