using ConsistencyModels.Models;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Runs;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>The whole way on a data set whose answer is known: a diffusion model, tuned into a consistency model, saved, drawn from in one step.</summary>
public sealed class LearningTests : IDisposable
{
    private const int Half = 32;
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_model_learns_which_half_is_bright_and_draws_it_in_one_step()
    {
        var teacher = Train(_run.Options(name: "edm") with { Images = 4_800, Batch = 16, LearningRate = 3e-3, Averages = [AverageOptions.OfHalfLife(400)], LogEverySteps = 20 }, out var losses);
        Assert.True(losses[^1] < losses[0] / 3, $"loss went from {losses[0]} to {losses[^1]}");
        using var start = ModelReader.Open(teacher);
        var model = Train(
            _run.Options(TinyRun.Make("ect", "stage_images=800"), "ect") with
            {
                Images = 4_800,
                Batch = 16,
                LearningRate = 1e-3,
                Averages = [AverageOptions.OfHalfLife(400)],
                InitialModel = start,
            },
            out _);

        using var pipeline = ConsistencyModelPipeline.FromPretrained(model);
        Assert.Equal("right", pipeline.ClassNames![1]);
        int[] labels = [.. Enumerable.Range(0, 2 * Half).Select(i => i % 2)];
        var result = pipeline.Generate(
            new() { BatchSize = labels.Length, ClassLabels = labels, Seed = 1, OutputType = OutputType.Raw }, TestContext.Current.CancellationToken);
        var right = labels.Where((label, i) => Brighter(result.Values.AsSpan(i * 192, 192), label)).Count();

        // Chance is 32 of 64; 48 or more by chance has a probability below 1e-4.
        Assert.True(right >= 48, $"{right} of {labels.Length} pictures show their class");
    }

    private static string Train(TrainingOptions options, out List<double> losses)
    {
        var seen = losses = [];
        using var trainer = new Trainer(options, new TwoHalves(), TinyRun.Engines);
        Assert.True(trainer.Run(new Collect(seen), TestContext.Current.CancellationToken));
        return trainer.Folder.Model;
    }

    private static bool Brighter(ReadOnlySpan<float> image, int label)
    {
        float left = 0, right = 0;
        for (var p = 0; p < image.Length; p++)
        {
            (p % 8 >= 4 ? ref right : ref left) += image[p];
        }

        return label == 1 ? right > left : left > right;
    }

    private sealed class Collect(List<double> losses) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => losses.Add(value.Loss);
    }
}
