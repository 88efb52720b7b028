using System.Numerics.Tensors;

namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>
/// The Inception Score: exp of the mean divergence of an image's class probabilities from those of its group (Salimans et al. 2016), the mean
/// over groups, as openai's evaluator computes it. A set of the same pictures has 1, one that shows every class clearly the number of classes.
/// </summary>
public static class InceptionScore
{
    /// <summary>Images in a group, as in openai's evaluator.</summary>
    public const int DefaultSplit = 5000;

    /// <summary>The score of logits.</summary>
    /// <param name="logits">One vector an image; for the Inception network its logits without bias.</param>
    /// <param name="split">Images in a group, at least 1; the last group may have fewer.</param>
    /// <returns>The mean over the groups, and their standard deviation (0 for one group).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A group is empty.</exception>
    public static MetricValue OfLogits(FeatureMatrix logits, int split = DefaultSplit)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentOutOfRangeException.ThrowIfLessThan(split, 1);
        var scores = new List<double>();
        var probabilities = new double[logits.Length];
        for (var start = 0; start < logits.Count; start += split)
        {
            var end = Math.Min(logits.Count, start + split);
            var mean = new double[logits.Length];
            var entropy = 0.0;
            for (var i = start; i < end; i++)
            {
                Softmax(logits.Row(i), probabilities);
                entropy += NegativeEntropy(probabilities);
                TensorPrimitives.Add(mean, probabilities, mean);
            }

            TensorPrimitives.Divide(mean, end - start, mean);

            // The mean of Σ p·(ln p - ln mean): the mean of p is the mean again.
            scores.Add(Math.Exp((entropy / (end - start)) - NegativeEntropy(mean)));
        }

        return MetricValue.OfParts(scores);
    }

    /// <summary>Probabilities of logits.</summary>
    internal static void Softmax(ReadOnlySpan<float> logits, double[] probabilities)
    {
        var largest = TensorPrimitives.Max(logits);
        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] = Math.Exp(logits[i] - (double)largest);
        }

        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<double>(probabilities), probabilities);
    }

    private static double NegativeEntropy(double[] probabilities)
    {
        var sum = 0.0;
        foreach (var p in probabilities)
        {
            sum += p == 0 ? 0 : p * Math.Log(p);
        }

        return sum;
    }
}
