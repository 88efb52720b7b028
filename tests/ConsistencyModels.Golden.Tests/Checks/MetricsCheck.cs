using ConsistencyModels.Evaluation.Metrics;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>Fréchet distance, Inception Score, precision and recall of given features, singular covariances among them.</summary>
internal sealed class MetricsCheck : IGoldenCheck
{
    private const string PrecisionRecallPrefix = "precision_recall_k";
    private const string ScorePrefix = "inception_score_split_";

    public string Kind => "metrics";

    public void Check(GoldenCase golden)
    {
        var (reference, samples, logits) = (Features(golden, "features_ref"), Features(golden, "features_sample"), Features(golden, "logits"));
        golden.Json.Ignore("mu_sigma_dtype", "words");
        var (real, drawn) = (FeatureStatistics.Of(reference), FeatureStatistics.Of(samples));
        Check(golden, "ref", real);
        Check(golden, "sample", drawn);

        // The recorded code takes the root of a matrix that is not symmetric: with a singular covariance its own distance of a
        // set to itself is wrong by 5e-7.
        var distance = FrechetDistance.Between(drawn, real);
        Near.Equal([golden.Json.Number("fid_openai_evaluator")], [distance], 1e-7, 1e-6, "fid_openai_evaluator");
        Near.Equal([golden.Json.Number("fid_edm")], [distance], 1e-7, 1e-6, "fid_edm");
        Near.Equal([golden.Json.Number("fid_self")], [FrechetDistance.Between(real, real)], 0, 2e-6, "fid_self");

        Near.Equal(Widen(golden.Floats("probabilities")), Probabilities(logits), 1e-5, 1e-7, "probabilities");
        foreach (var key in golden.Json.Keys.Where(key => key.StartsWith(ScorePrefix, StringComparison.Ordinal)))
        {
            var score = InceptionScore.OfLogits(logits, Number(key, ScorePrefix));
            Near.Equal([golden.Json.Number(key)], [score.Value], 2e-6, 0, key);
        }

        Near.Equal(golden.Floats("radii_k5_ref"), Distances.Radii(reference, 5), 1e-5, 1e-5, "radii_k5_ref");
        foreach (var key in golden.Json.Keys.Where(key => key.StartsWith(PrecisionRecallPrefix, StringComparison.Ordinal)))
        {
            var found = PrecisionRecall.Of(reference, samples, Number(key, PrecisionRecallPrefix));
            Assert.Equal(golden.Json.Numbers(key), new[] { found.Precision, found.Recall });
        }
    }

    private static void Check(GoldenCase golden, string set, FeatureStatistics statistics)
    {
        Near.Equal(Widen(golden.Floats($"mu_{set}")), statistics.Mean, 1e-6, 1e-7, $"mu_{set}");
        Near.Equal(Widen(golden.Floats($"sigma_{set}")), statistics.Covariance, 1e-6, 1e-7, $"sigma_{set}");
    }

    private static double[] Probabilities(FeatureMatrix logits)
    {
        var all = new List<double>();
        var one = new double[logits.Length];
        for (var i = 0; i < logits.Count; i++)
        {
            InceptionScore.Softmax(logits.Row(i), one);
            all.AddRange(one);
        }

        return [.. all];
    }

    private static FeatureMatrix Features(GoldenCase golden, string tensor) => new(golden.Floats(tensor), golden.Shape(tensor)[1]);

    private static double[] Widen(float[] values) => Array.ConvertAll(values, value => (double)value);

    private static int Number(string key, string prefix) => int.Parse(key.AsSpan(prefix.Length), System.Globalization.CultureInfo.InvariantCulture);
}
