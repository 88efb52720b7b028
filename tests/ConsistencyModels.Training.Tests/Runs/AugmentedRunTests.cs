using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>Runs whose pictures are augmented: what the network is told, what is resumed, and what is left of it in the model.</summary>
public sealed class AugmentedRunTests : IDisposable
{
    private const double Probability = 0.5;
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_step_is_a_function_of_seed_and_number_and_its_other_draws_are_those_without()
    {
        var plain = new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true).Next(5);
        var source = new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true, augment: Probability);
        var batch = source.Next(5);
        Assert.True(plain.AugmentLabels.IsEmpty);
        Assert.Equal(8 * AugmentationOptions.Edm.LabelCount, batch.AugmentLabels.Length);
        Assert.Equal<IEnumerable<float>>(plain.Noise.ToArray(), batch.Noise.ToArray());
        Assert.Equal((plain.DropoutSeed, plain.Normals.Span[7]), (batch.DropoutSeed, batch.Normals.Span[7]));

        // What is said to be done was done, and nothing else.
        for (var i = 0; i < 8; i++)
        {
            var told = batch.Slice(i, 1).AugmentLabels.ToArray().Any(label => label != 0);
            Assert.Equal(told, !plain.Slice(i, 1).Images.Span.SequenceEqual(batch.Slice(i, 1).Images.Span));
        }

        Assert.NotEqual<IEnumerable<float>>(batch.AugmentLabels.ToArray(), source.Next(6).AugmentLabels.ToArray());
        var again = new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true, augment: Probability).Next(5);
        Assert.Equal<IEnumerable<float>>(batch.Images.ToArray(), again.Images.ToArray());
        var parts = Enumerable.Range(0, 4).Select(rank => new BatchSource(new TwoHalves(), 8, 1, flip: true, labelled: true, rank, 4, Probability).Next(5)).ToArray();
        Assert.Equal<IEnumerable<float>>(batch.Images.ToArray(), parts.SelectMany(part => part.Images.ToArray()));
        Assert.Equal<IEnumerable<float>>(batch.AugmentLabels.ToArray(), parts.SelectMany(part => part.AugmentLabels.ToArray()));
    }

    [Theory]
    [InlineData("edm")]
    [InlineData("ect")]
    [InlineData("ict")]
    [InlineData("scm")]
    public void A_run_resumes_to_the_last_bit(string objective)
    {
        var options = Augmented(objective, "whole");
        using var whole = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        var expected = Steps(whole, 6);
        var stopped = options with { Folder = Path.Combine(_run.Folder, "stopped") };
        using (var trainer = new Trainer(stopped, new TwoHalves(), TinyRun.Engines))
        {
            Assert.Equal(expected[..3], Steps(trainer, 3));
            trainer.SaveCheckpoint();
        }

        using var resumed = new Trainer(stopped, new TwoHalves(), TinyRun.Engines);
        Assert.Equal(3 * 8, resumed.ImagesSeen);
        Assert.Equal(expected[3..], Steps(resumed, 3));
        Assert.Equal(Values(whole.State.Network.Parameters), Values(resumed.State.Network.Parameters));

        // The last parameter learnt something.
        Assert.Contains(Values(whole.State.Network.Parameters)[^100..], value => value != 0);
    }

    [Fact]
    public void Losses_do_not_depend_on_how_a_batch_is_cut()
    {
        using var whole = new Trainer(Augmented("ect", "whole"), new TwoHalves(), TinyRun.Engines);
        using var parts = new Trainer(Augmented("ect", "parts") with { MicroBatch = 3 }, new TwoHalves(), TinyRun.Engines);
        Assert.All(Steps(whole, 4).Zip(Steps(parts, 4)), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
    }

    [Fact]
    public void The_model_is_that_of_the_network_without_and_draws_what_its_average_draws()
    {
        var options = Augmented("edm", "run") with { Averages = [AverageOptions.OfRate(0.5), AverageOptions.OfRate(0.9)] };
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Steps(trainer, 4);
        trainer.SaveModel();
        Assert.NotEmpty(trainer.SaveSamples(TestContext.Current.CancellationToken));
        var plain = UNet2DDescription.Of(options.Network);
        foreach (var (folder, average) in new[] { (trainer.Folder.Model, 0), (trainer.Folder.ModelOf(options.Averages[1]), 1) })
        {
            using var model = ModelReader.Open(folder);
            using var weights = model.OpenWeights();
            Assert.Equal(plain.Parameters.Select(parameter => parameter.Name).Order(), weights.Tensors.Keys.Order());
            using var network = TinyRun.Engines.For(new()).Load(model.Config, weights, new(), TestContext.Current.CancellationToken);
            Near(Forward(new BufferedUNet(trainer.State.Network, trainer.State.Averages[average])), Forward(network));
        }
    }

    [Fact]
    public void A_model_that_was_never_told_of_augmentation_can_be_tuned_with_it()
    {
        using (var trainer = new Trainer(_run.Options(name: "edm"), new TwoHalves(), TinyRun.Engines))
        {
            Steps(trainer, 2);
            trainer.SaveModel();
        }

        using var start = ModelReader.Open(Path.Combine(_run.Folder, "edm", "model"));
        using var weights = start.OpenWeights();
        using var network = TinyRun.Engines.For(new()).Load(start.Config, weights, new(), TestContext.Current.CancellationToken);
        using var tuned = new Trainer(Augmented("ect", "ect") with { InitialModel = start }, new TwoHalves(), TinyRun.Engines);
        Near(Forward(network), Forward(tuned.Average));
        Assert.All(Steps(tuned, 2), loss => Assert.True(double.IsFinite(loss)));
    }

    [Theory]
    [InlineData("cd", "scales=4")]
    [InlineData("pd", "scales=4")]
    [InlineData("scm", "distill=true")]
    public void A_teacher_cannot_be_told(string objective, string setting)
    {
        var options = _run.Options(TinyRun.Make(objective, setting)) with { Augment = 0.12 };
        Refused($"augment: found 0.12, expected 0 for {objective}", options);
    }

    [Fact]
    public void Another_probability_is_another_run_and_none_is_that_of_older_checkpoints()
    {
        using (var trainer = new Trainer(Augmented("edm", "run"), new TwoHalves(), TinyRun.Engines))
        {
            trainer.SaveCheckpoint();
        }

        Refused("augment is 0.5, this run has none", _run.Options());
        Refused("augment is 0.5, this run has 0.25", _run.Options() with { Augment = 0.25 });
        Assert.True(RunIdentity.Agree("augment", null, "none"));
        Assert.False(RunIdentity.Agree("augment", null, "0.12"));
    }

    private static void Refused(string why, TrainingOptions options) =>
        Assert.Contains(why, Assert.Throws<ConsistencyModelsException>(() => new Trainer(options, new TwoHalves(), TinyRun.Engines)).Message);

    private TrainingOptions Augmented(string objective, string name) => _run.Options(TinyRun.Make(objective), name) with { Augment = Probability };

    private static double[] Steps(Trainer trainer, int count) => [.. Enumerable.Range(0, count).Select(_ => trainer.Step().Loss)];

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }

    private static float[] Forward(IUNet network)
    {
        var shape = new ImageShape(2, 3, 8, 8);
        var (sample, output) = (new float[shape.Length], new float[shape.Length]);
        new Noise.TorchGenerator(1).Randn(sample);
        network.Forward(sample, shape, [300], [0, 1], output, TestContext.Current.CancellationToken);
        return output;
    }

    private static void Near(float[] expected, float[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-5f);
}
