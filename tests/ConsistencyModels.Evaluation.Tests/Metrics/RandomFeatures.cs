using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Evaluation.Tests.Metrics;

/// <summary>Normally distributed features with correlations, the same for the same seed.</summary>
internal static class RandomFeatures
{
    public static FeatureMatrix Of(int count, int length, ulong seed, float shift = 0, float scale = 1)
    {
        var generator = new TorchGenerator(seed);
        var values = new float[count * length];
        generator.Randn(values);
        for (var i = 0; i < values.Length; i++)
        {
            // A number leans on its neighbour, and the last ones vary less.
            var own = values[i] * scale / (1 + (i % length * 0.1f));
            values[i] = shift + own + (i % length == 0 ? 0 : 0.5f * (values[i - 1] - shift));
        }

        return new(values, length);
    }
}
