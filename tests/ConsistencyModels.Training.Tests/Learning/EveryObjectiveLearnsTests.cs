using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Samplers;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Runs;
using ConsistencyModels.Training.Tests.Runs;

namespace ConsistencyModels.Training.Tests.Learning;

/// <summary>The diffusion model that the others are tuned or distilled from, trained once.</summary>
public sealed class ShapesTeacher : IDisposable
{
    private readonly TinyRun _run = new();
    private readonly Lazy<Model> _model;

    public ShapesTeacher() => _model = new(() =>
    {
        using var trainer = ShapesRun.Open(_run, TinyRun.Make("edm"), 12_800, 2e-3, null, null);
        trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        return ModelReader.Open(trainer.Folder.Model);
    });

    internal Model Model => _model.Value;

    public void Dispose()
    {
        if (_model.IsValueCreated)
        {
            _model.Value.Dispose();
        }

        _run.Dispose();
    }
}

/// <summary>Short runs on the drawn shapes, and how good what comes out is.</summary>
internal static class ShapesRun
{
    private const int Drawn = 256;
    private static readonly DrawnShapes Learnt = new(1024, 1);
    private static readonly float[] Unseen = new DrawnShapes(512, 2).All;

    internal static Trainer Open(TinyRun run, Objective objective, long images, double rate, Model? start, Model? teacher) => new(
        run.Options(objective, objective.Name) with
        {
            Network = new UNet2DConfig
            {
                InChannels = 1,
                OutChannels = 1,
                SampleSize = new(8, 8),
                BlockOutChannels = [32, 32],
                NormNumGroups = 8,
                LayersPerBlock = 1,
                DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
                UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
                AddAttention = false,
            },
            Images = images,
            Batch = 32,
            LearningRate = rate,
            RampImages = 640,
            Averages = [AverageOptions.OfHalfLife(800)],
            InitialModel = start,
            Teacher = teacher,
            LogEverySteps = 100,
        },
        Learnt,
        TinyRun.Engines);

    /// <summary>Distance of what the run's average draws from shapes it has not seen.</summary>
    internal static double Distance(Trainer trainer, Objective objective, int steps)
    {
        var shape = new ImageShape(Drawn, 1, 8, 8);
        var x = new float[shape.Length];
        var generator = new TorchGenerator(3);
        generator.Randn(x);
        var network = trainer.Average;
        var denoiser = new Denoiser(network, objective.Makes == ModelKind.Diffusion ? objective.Preconditioning : Preconditioning.Consistency(), clip: true);
        ISampler sampler = objective.Makes == ModelKind.Consistency ? new OneStepSampler()
            : objective.StudentBecomesTeacher ? new ProgressiveDistillationSampler(NoiseLevels.Karras(steps + 1))
            : new EdmSampler { Steps = steps };
        sampler.Sample(denoiser, x, shape, generator, new SamplingOptions(), TestContext.Current.CancellationToken);
        return FeatureDistance.Between(x, Unseen);
    }

    internal static double OfNoise()
    {
        var x = new float[Drawn * 64];
        new TorchGenerator(4).Randn(x);
        return FeatureDistance.Between(x, Unseen);
    }

    internal static double OfShapes() => FeatureDistance.Between(new DrawnShapes(Drawn, 5).All, Unseen);
}

/// <summary>
/// Every objective, a few hundred steps on drawn shapes: what comes out is closer to unseen shapes than a stated distance, which
/// neither the start nor a network that learns in the wrong direction reaches.
/// </summary>
public sealed class EveryObjectiveLearnsTests(ShapesTeacher teacher) : IClassFixture<ShapesTeacher>, IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void The_distance_tells_noise_from_shapes()
    {
        Assert.True(ShapesRun.OfNoise() > 5);
        Assert.True(ShapesRun.OfShapes() < 0.05);
    }

    // Twice what was reached, or less. The start of those that are tuned, the teacher in one step, is at 1.76; noise is at 6.9.
    [Theory]
    [InlineData("edm", 0.25)]
    [InlineData("ect", 1.1, "stage_images=1600")]
    [InlineData("cd", 0.6, "scales=18")]
    [InlineData("pd", 0.7, "scales=8")]
    [InlineData("scm", 0.8, "warmup_steps=100")]
    [InlineData("ct", 0.7, "start_scales=2", "end_scales=20", "start_ema=0.5")]
    [InlineData("ict", 1.5, "end_scales=20")]
    public void What_it_draws_is_near_unseen_shapes(string name, double distance, params string[] settings) =>
        Assert.InRange(Learn(name, settings, flipped: false), 0, distance);

    [Fact]
    public void In_the_wrong_direction_it_is_not() => Assert.True(!(Learn("ect", ["stage_images=1600"], flipped: true) < 2));

    // NaN where the run ended because nothing was finite.
    private double Learn(string name, string[] settings, bool flipped)
    {
        var objective = TinyRun.Make(name, settings);
        if (flipped)
        {
            objective = objective with { Metric = new Flipped(objective.Metric) };
        }

        var tunes = ObjectiveCatalogue.Find(name).Tunes;
        var needsTeacher = objective.Needs.Contains(NetworkRole.Teacher);
        using var trainer = ShapesRun.Open(
            _run, objective, tunes ? 9_600 : 12_800, tunes ? 5e-4 : 2e-3, tunes ? teacher.Model : null, needsTeacher ? teacher.Model : null);
        try
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
            var steps = objective.Makes == ModelKind.Consistency || objective.StudentBecomesTeacher ? 1 : 18;
            return ShapesRun.Distance(trainer, objective, steps);
        }
        catch (ConsistencyModelsException) when (flipped)
        {
            return double.NaN;
        }
    }

    private sealed class Flipped(IMetric inner) : IMetric
    {
        public void Measure(ReadOnlySpan<float> output, ReadOnlySpan<float> target, ImageShape shape, Span<float> distances, Span<float> gradient)
        {
            inner.Measure(output, target, shape, distances, gradient);
            for (var i = 0; i < gradient.Length; i++)
            {
                gradient[i] = -gradient[i];
            }
        }
    }
}
