using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.References;
using ConsistencyModels.Evaluation.Runs;
using ConsistencyModels.Evaluation.Tests.Metrics;

namespace ConsistencyModels.Evaluation.Tests.Runs;

public class EvaluatorTests
{
    private static readonly ExtractedFeatures Samples = new(RandomFeatures.Of(80, 5, 1), RandomFeatures.Of(80, 3, 2), RandomFeatures.Of(80, 4, 3));
    private static readonly ExtractedFeatures Real = new(RandomFeatures.Of(90, 5, 4), RandomFeatures.Of(90, 3, 5), RandomFeatures.Of(90, 4, 6));

    [Fact]
    public void Every_number_is_that_of_its_metric_and_carries_the_extractors_name()
    {
        var options = new EvaluationOptions { Metrics = Enum.GetValues<EvaluationMetric>(), KernelSubsets = 5, KernelSubsetSize = 40, Seed = 7, ScoreSplit = 50, JackknifeParts = 4 };
        var results = new Evaluator("resnet18", options).Compute(Samples, new EvaluationReference(Real)).ToDictionary(result => result.Name);
        Assert.Equal(FrechetDistance.Between(Samples.Features, Real.Features), results["FD-resnet18"].Value);
        Assert.Equal(FrechetDistance.Between(Samples.Spatial!, Real.Spatial!), results["sFD-resnet18"].Value);
        Assert.True(results["FD-resnet18"].Spread > 0);
        Assert.Equal(KernelDistance.Between(Samples.Features, Real.Features, 5, 40, 7), new MetricValue(results["KID-resnet18"].Value, results["KID-resnet18"].Spread));
        Assert.Equal(InceptionScore.OfLogits(Samples.Logits!, 50).Value, results["IS-resnet18"].Value);
        var pr = PrecisionRecall.Of(Real.Features, Samples.Features);
        Assert.Equal((pr.Precision, pr.Recall), (results["precision-resnet18"].Value, results["recall-resnet18"].Value));
        var dc = DensityCoverage.Of(Real.Features, Samples.Features);
        Assert.Equal((dc.Density, dc.Coverage), (results["density-resnet18"].Value, results["coverage-resnet18"].Value));
        Assert.Equal(NearestNeighbours.Find(Real.Features, Samples.Features).Median, results["nearest-resnet18"].Value);
    }

    [Fact]
    public void Only_the_Inceptions_number_is_called_FID()
    {
        string[] Names(string extractor) => [.. new Evaluator(extractor, new EvaluationOptions { JackknifeParts = 0 }).Compute(Samples, new EvaluationReference(Real)).Select(result => result.Name)];
        Assert.Equal(["FID"], Names("inception"));
        Assert.Equal(["FD-clip"], Names("clip"));
        Assert.Equal([EvaluationMetric.Frechet], EvaluationMetrics.Parse(["fid", "fd"], "inception"));
        Assert.Contains("another number", Assert.Throws<ConsistencyModelsException>(() => EvaluationMetrics.Parse(["kid"], "clip")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_do_for_the_Frechet_distance_and_for_nothing_else()
    {
        var reference = new EvaluationReference(new StatisticsFile(FeatureStatistics.Of(Real.Features)));
        var one = new EvaluationOptions { JackknifeParts = 0 };
        Assert.Equal(FrechetDistance.Between(Samples.Features, Real.Features), Assert.Single(new Evaluator("x", one).Compute(Samples, reference)).Value);
        foreach (var (metric, word) in ((EvaluationMetric, string)[])[(EvaluationMetric.Kernel, "kd"), (EvaluationMetric.PrecisionRecall, "pr"), (EvaluationMetric.DensityCoverage, "dc"), (EvaluationMetric.Neighbours, "nn"), (EvaluationMetric.SpatialFrechet, "sfd")])
        {
            var error = Assert.Throws<ConsistencyModelsException>(() => new Evaluator("x", one with { Metrics = [metric] }).Compute(Samples, reference));
            Assert.StartsWith(word, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sets_that_do_not_fit_are_refused_with_the_reason()
    {
        var options = new EvaluationOptions { JackknifeParts = 0 };
        string Error(Action action) => Assert.Throws<ConsistencyModelsException>(action).Message;
        Assert.Contains("vectors of 7", Error(() => new Evaluator("x", options).Compute(Samples, new EvaluationReference(new ExtractedFeatures(RandomFeatures.Of(20, 7, 1))))), StringComparison.Ordinal);
        Assert.Contains("1 sample", Error(() => new Evaluator("x", options).Compute(Samples.First(1), new EvaluationReference(Real))), StringComparison.Ordinal);
        Assert.Contains("1 image,", Error(() => new Evaluator("x", options).Compute(Samples, new EvaluationReference(Real.First(1)))), StringComparison.Ordinal);
        Assert.Contains("at least 4", Error(() => new Evaluator("x", options with { Metrics = [EvaluationMetric.PrecisionRecall] }).Compute(Samples.First(3), new EvaluationReference(Real))), StringComparison.Ordinal);
        Assert.Contains("logits", Error(() => new Evaluator("x", options with { Metrics = [EvaluationMetric.InceptionScore] }).Compute(Samples with { Logits = null }, new EvaluationReference(Real))), StringComparison.Ordinal);
    }

    [Fact]
    public void Few_images_are_warned_of()
    {
        var evaluator = new Evaluator("x", new EvaluationOptions());
        Assert.Contains("singular", Assert.Single(evaluator.Warnings(512, 50_000, 512)), StringComparison.Ordinal);
        Assert.Contains("reference images", Assert.Single(evaluator.Warnings(50_000, 500, 512)), StringComparison.Ordinal);
        Assert.Contains("others of 5000", Assert.Single(evaluator.Warnings(5000, 50_000, 512)), StringComparison.Ordinal);
        Assert.Contains("does not say", Assert.Single(evaluator.Warnings(50_000, null, 512)), StringComparison.Ordinal);
        Assert.Empty(evaluator.Warnings(50_000, 50_000, 2048));
    }

    [Fact]
    public void A_manifest_comes_back_as_it_was_saved_to_the_last_digit()
    {
        using var folder = new TempFolder();
        var manifest = new EvaluationManifest
        {
            Version = "1.2.3",
            Samples = new() { Path = "model", IsModel = true, Hash = "aa", Count = 5, Seed = ulong.MaxValue, Sampler = "multistep", Timesteps = [22, 0], SigmaMax = 79.5, Churn = 0.1, Classes = [1, 2], ClassesOf = "bb", Engine = "cpu", Device = "cpu", DType = "f32" },
            Reference = new("data", "bb", false, 7, new() { Split = "test", Size = 32, ClassMap = "a=b", NativeSizeOnly = true, Background = new(1, 2, 255), Half = 2 }),
            Extractor = new("resnet18", "resnet18", "cc", "1.31.1"),
            Batch = 16,
            Options = new() { Metrics = [EvaluationMetric.Frechet, EvaluationMetric.Neighbours], Seed = 9, JackknifeParts = 3 },
            Processor = "p",
            Results = [new("FD-resnet18", 1 / 3.0, 0.1), new("nearest-resnet18", 2e-300)],
            Warnings = ["w"],
        };
        manifest.Save(folder.File("evaluation.json"));
        var loaded = EvaluationManifest.Load(folder.File("evaluation.json"));
        Assert.Equal(manifest.ToJson(), loaded.ToJson());
        Assert.Equal(manifest.Reference, loaded.Reference);
        Assert.Equal(manifest.Results, loaded.Results);
        Assert.Equal(manifest.Samples.Identity, loaded.Samples.Identity);

        File.WriteAllText(folder.File("evaluation.json"), manifest.ToJson().Replace("#0102ff", "blue", StringComparison.Ordinal));
        Assert.Contains("'reference.background' is", Assert.Throws<ConsistencyModelsException>(() => EvaluationManifest.Load(folder.File("evaluation.json"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "no JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "'reference'")]
    [InlineData("""{"reference": {"path": 3}, "extractor": {"name": "x"}, "options": {}, "version": "1", "samples": {"model": "m", "model_sha256": "h", "count": -1}}""", "'samples.count' is -1")]
    public void A_manifest_that_is_wrong_is_refused_by_its_key(string json, string expected)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("evaluation.json"), json);
        Assert.Contains(expected, Assert.Throws<ConsistencyModelsException>(() => EvaluationManifest.Load(folder.File("evaluation.json"))).Message, StringComparison.Ordinal);
    }
}
