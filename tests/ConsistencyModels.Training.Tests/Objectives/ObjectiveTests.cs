using ConsistencyModels.Denoising;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;

namespace ConsistencyModels.Training.Tests.Objectives;

/// <summary>What the recorded cases do not show; the numbers themselves are checked against those.</summary>
public class ObjectiveTests
{
    private static readonly ImageShape Shape = new(4, 3, 4, 4);

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(2, 799, 0)]
    [InlineData(2, 800, 1)]
    [InlineData(2, 8_000, 10)]
    [InlineData(2, 800_000, 13)] // The gap is 2^-14: below, t - r is lost in the rounding of float32.
    [InlineData(256, 800_000, 0)]
    public void Stages_follow_the_images_and_end_before_the_gap_vanishes(double q, long images, int stage) =>
        Assert.Equal(stage, new EctSchedule(Q: q, StageImages: 800).Stage(images));

    [Fact]
    public void Losses_are_finite_at_the_last_stage_and_where_both_outputs_agree()
    {
        var objective = ObjectiveCatalogue.Make("ect", [KeyValuePair.Create("stage_images", "1")]);
        var losses = new float[Shape.Batch];
        var gradient = new float[Shape.Length];
        objective.Losses(new Constant(), Batch(3), new TrainingClock(0, long.MaxValue, 1), losses, gradient);
        Assert.All(losses, loss => Assert.InRange(loss, 0f, 1e-3f));
        Assert.All(gradient, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Parts_of_a_batch_have_masks_of_their_own_and_know_their_place()
    {
        var whole = Batch(seed: 9);
        Assert.Equal(whole.DropoutSeed, whole.Slice(0, 2).DropoutSeed);
        var part = whole.Slice(2, 2);
        Assert.NotEqual(whole.DropoutSeed, part.DropoutSeed);
        Assert.Equal(whole.Noise[96..].ToArray(), part.Noise.ToArray());
        Assert.Equal(whole.Normals.Span[3], part.Normals.Span[1]);
        Assert.Equal((2, 4), (part.First, part.Whole));
    }

    // Every objective's gradient against differences of its loss, for a student that gives back what it is told.
    [Theory]
    [InlineData("edm")]
    [InlineData("edm", "weight=truncated-snr")]
    [InlineData("cd", "metric=l1")]
    [InlineData("cd", "solver=euler", "metric=l2-32")]
    [InlineData("cd", "scales=9", "skip=3", "solver_steps=2")]
    [InlineData("ct", "metric=huber")]
    [InlineData("ict")]
    [InlineData("ict", "levels=loss-second-moment")]
    [InlineData("ect", "stage_images=1", "c=0.06")]
    [InlineData("pd", "scales=8")]
    [InlineData("scm", "warmup_steps=0")]
    [InlineData("scm", "warmup_steps=0", "form=discrete", "adaptive_weight=false")]
    [InlineData("scm", "warmup_steps=0", "distill=true", "prior_weight=true")]
    public void The_gradient_is_that_of_the_loss(string name, params string[] settings)
    {
        var objective = Runs.TinyRun.Make(name, settings);
        var batch = Batch(7);
        var clock = new TrainingClock(3, 5, 40);
        var (losses, gradient) = (new float[Shape.Batch], new float[Shape.Length]);
        var networks = new Given(Shape);
        objective.Losses(networks, batch, clock, losses, gradient);
        Assert.All(losses, loss => Assert.True(float.IsFinite(loss)));
        var target = new float[Shape.Length];
        objective.Target.Compute(new(batch, clock, networks.Pairs(objective, batch, clock), networks.Noisy, networks.Output), networks, target);

        // The target is a constant for the gradient, so the loss is taken at moved outputs with the same target.
        foreach (var at in new[] { 0, 17, 50, 100, 150, 191 })
        {
            var image = at / Shape.ImageLength;
            var step = 0.3f * Math.Abs(networks.Output[at] - target[at]);
            var expected = (Loss(step) - Loss(-step)) / ((double)(networks.Output[at] + step) - (networks.Output[at] - step));
            Assert.Equal(expected, gradient[at], 2e-2 * (Math.Abs(expected) + (0.02 * Scale(gradient, image))));

            double Loss(float by)
            {
                var moved = (float[])networks.Output.Clone();
                moved[at] += by;
                var (distances, unused, factors) = (new float[Shape.Batch], new float[Shape.Length], new float[Shape.Batch]);
                objective.Metric.Measure(moved, target, Shape, distances, unused);
                var pairs = networks.Pairs(objective, batch, clock);
                var distance = (double)distances[image];
                objective.Weight.Apply(pairs, distances, factors);
                return factors[image] * pairs[image].Importance * distance;
            }
        }
    }

    [Fact]
    public void A_resized_distance_has_the_gradient_of_its_transpose()
    {
        var shape = new ImageShape(1, 1, 3, 5);
        float[] x = [.. Enumerable.Range(0, 15).Select(i => MathF.Sin(i))], y = [.. Enumerable.Range(0, 15).Select(i => MathF.Cos(3 * i))];
        var metric = new ResizedMetric(new L2Metric(), 8);
        var (distances, gradient) = (new float[1], new float[15]);
        metric.Measure(x, y, shape, distances, gradient);
        for (var i = 0; i < x.Length; i++)
        {
            double At(float by)
            {
                var moved = (float[])x.Clone();
                moved[i] += by;
                metric.Measure(moved, y, shape, distances, new float[15]);
                return distances[0];
            }

            Assert.Equal((At(0.01f) - At(-0.01f)) / 0.02, gradient[i], 1e-4);
        }
    }

    [Fact]
    public void Stratified_levels_take_one_from_each_part_however_the_batch_is_cut()
    {
        var levels = new LogNormalLevels(0, 1, Stratified: true);
        var batch = Batch(1);
        var whole = new LevelPair[4];
        levels.Draw(batch, default, whole);
        Assert.Equal(whole.Select(pair => pair.From).Order(), whole.Select(pair => pair.From));
        var part = new LevelPair[2];
        levels.Draw(batch.Slice(2, 2), default, part);
        Assert.Equal(whole[2..], part);

        // The quarters of a normal distribution end at ±0.6745.
        Assert.InRange(MathF.Log(whole[0].From), -7, -0.674f);
        Assert.InRange(MathF.Log(whole[3].From), 0.674f, 7);
    }

    [Fact]
    public void Levels_of_a_normal_logarithm_come_as_often_as_they_should()
    {
        var sigmas = Enumerable.Range(0, 21).Select(i => (float)KarrasSigmas.At(i / 20.0, 0.002, 80, 7)).ToArray();
        var choice = new LogNormalChoice();
        choice.Prepare(sigmas);
        var weights = LogNormalChoice.Weights(sigmas, -1.1, 2);
        var counts = new int[20];
        for (var i = 0; i < 100_000; i++)
        {
            counts[choice.Draw(i / 100_000f).Index]++;
        }

        Assert.All(counts.Zip(weights), pair => Assert.Equal(pair.Second / weights.Sum(), pair.First / 100_000.0, 1e-3));
    }

    [Fact]
    public void Places_with_large_losses_come_more_often_and_count_less()
    {
        var choice = new LossSecondMomentChoice();
        var sigmas = new float[] { 4, 3, 2, 1 };
        choice.Prepare(sigmas);
        Assert.Equal((1, 1f), choice.Draw(0.5f));
        for (var i = 0; i < 12; i++)
        {
            choice.Learn([new(4, 3) { Index = 0 }, new(3, 2) { Index = 1 }, new(2, 1) { Index = 2 }], [1, 1, 2]);
        }

        var copy = new LossSecondMomentChoice { State = (float[])choice.State.Clone() };
        foreach (var one in new[] { choice, copy })
        {
            one.Prepare(sigmas);
            var draws = Enumerable.Range(0, 10_000).Select(i => one.Draw(i / 10_000f)).ToArray();
            Assert.Equal(0.5, draws.Count(draw => draw.Index == 2) / 10_000.0, 2e-3);

            // Importance makes the mean over draws that over places.
            Assert.Equal(1, draws.Average(draw => draw.Importance), 1e-2);
            Assert.Equal(4 / 3.0, draws.Average(draw => draw.Importance * (draw.Index == 2 ? 2 : 1)), 1e-2);
        }
    }

    [Theory]
    [InlineData("ect", "q=1", "ect: q is \"1\", expected a number above 1")]
    [InlineData("ect", "quick=1", "there is no setting \"quick\"; expected one of adjustment, b, c")]
    [InlineData("cd", "solver=rk4", "expected heun or euler")]
    [InlineData("cd", "sigma_max=0.001", "expected more than sigma_min")]
    [InlineData("cd", "skip=0", "expected a whole number from 1 to 39")]
    [InlineData("cd", "skip=40", "expected a whole number from 1 to 39")]
    [InlineData("cd", "solver_steps=0", "expected a whole number from 1")]
    [InlineData("ict", "start_scales=2.5", "expected a whole number")]
    [InlineData("pd", "scales=6", "expected a power of 2")]
    [InlineData("gan", "", "expected one of edm, cd, ct, ict, ect, pd, scm")]
    public void Settings_that_make_no_sense_are_refused(string name, string setting, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConsistencyModelsException>(() => Runs.TinyRun.Make(name, setting.Length > 0 ? [setting] : [])).Message);

    private static float Scale(float[] gradient, int image) => gradient.Skip(image * Shape.ImageLength).Take(Shape.ImageLength).Max(Math.Abs);

    private static TrainingBatch Batch(long seed)
    {
        var generator = new Noise.TorchGenerator((ulong)seed);
        var (images, noise, normals, uniforms) = (new float[Shape.Length], new float[Shape.Length], new float[Shape.Batch], new float[Shape.Batch]);
        generator.Randn(images);
        generator.Randn(noise);
        generator.Randn(normals);
        generator.Rand(uniforms);
        return new(Shape, images, default, noise, normals, uniforms, seed);
    }

    // The same image whatever it is asked.
    private sealed class Constant : IStepNetworks
    {
        public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised) => denoised.Fill(0.25f);

        public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised) => denoised.Fill(0.25f);

        public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output) => output.Fill(0.25f);
    }

    // A student whose output is noted; the others are smooth functions.
    private sealed class Given(ImageShape shape) : IStepNetworks
    {
        public float[] Output { get; private set; } = [];

        public float[] Noisy { get; private set; } = [];

        public LevelPair[] Pairs(Objective objective, TrainingBatch batch, TrainingClock clock)
        {
            var pairs = new LevelPair[shape.Batch];
            objective.Levels.Draw(batch, clock, pairs);
            return pairs;
        }

        public void Student(ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
        {
            Denoise(NetworkRole.Self, x, sigmas, denoised);
            (Noisy, Output) = (x.ToArray(), denoised.ToArray());
        }

        public void Denoise(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> denoised)
        {
            Network(role, x, sigmas, denoised);
            for (var i = 0; i < x.Length; i++)
            {
                var sigma = sigmas[i / shape.ImageLength];
                var edm = Preconditioning.Edm();
                denoised[i] = (edm.CSkip(sigma) * x[i]) + (edm.COut(sigma) * denoised[i]);
            }
        }

        public void Network(NetworkRole role, ReadOnlySpan<float> x, ReadOnlySpan<float> sigmas, Span<float> output)
        {
            for (var i = 0; i < x.Length; i++)
            {
                var sigma = sigmas[i / shape.ImageLength];
                output[i] = MathF.Tanh((0.8f + (0.1f * (int)role)) * x[i] / MathF.Sqrt((sigma * sigma) + 0.25f)) + (0.1f * MathF.Sin(MathF.Log(sigma)));
            }
        }
    }
}
