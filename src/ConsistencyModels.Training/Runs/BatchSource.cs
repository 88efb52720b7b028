using ConsistencyModels.Data;
using ConsistencyModels.Data.Augmentation;
using ConsistencyModels.Noise;
using ConsistencyModels.Training.Objectives;

namespace ConsistencyModels.Training.Runs;

/// <summary>
/// The batch of any step, as a function of the seed and the step alone: an order of the data for each epoch, and noise,
/// flips, augmentations and dropout seeds for each step. Nothing is carried from step to step, so a resumed run goes on exactly.
/// </summary>
internal sealed class BatchSource(IImageDataSet data, int batch, ulong seed, bool flip, bool labelled, int rank = 0, int processes = 1, double augment = 0)
{
    private const ulong StepStream = 2;
    private const ulong AugmentStream = 3;
    private readonly ShuffledOrder _order = new(data.Count, seed);
    private readonly AugmentationPipe? _augmentation = augment > 0 ? new(AugmentationOptions.Edm with { Probability = augment }) : null;

    /// <summary>The images of a step with all its draws: this process's share of the whole batch.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    public TrainingBatch Next(long step)
    {
        var generator = new TorchGenerator(Mix(Mix(seed, StepStream), (ulong)step));
        var (first, count) = (batch / processes * rank, batch / processes);
        var indices = new int[count];
        _order.Fill(step, rank, processes, indices);

        var flips = new bool[flip ? batch : 0];
        if (flip)
        {
            var coins = new long[batch];
            generator.RandInt(0, 2, coins);
            for (var i = 0; i < batch; i++)
            {
                flips[i] = coins[i] == 1;
            }
        }

        // Every process draws for the whole batch and takes its share: the same noise however many there are.
        var whole = new ImageShape(batch, data.Channels, data.Height, data.Width);
        var normals = new float[batch];
        generator.Randn(normals);
        var noise = new float[whole.Length];
        generator.Randn(noise);
        var dropoutSeed = new long[1];
        generator.RandInt(0, int.MaxValue, dropoutSeed);
        var uniforms = new float[batch];
        generator.Rand(uniforms);
        var draws = new long[data.IsRandom ? batch : 0];
        generator.RandInt(0, 1L << 32, draws);
        var shape = whole.WithBatch(count);
        var images = new float[shape.Length];
        var labels = new int[count];
        data.FillRandom(indices, images, labels, flip ? flips.AsSpan(first, count) : default, data.IsRandom ? draws.AsSpan(first, count) : default);

        // From a stream of its own: without augmentation a step draws what it always drew.
        var drawn = _augmentation?.Draw(batch, data.Height, data.Width, new TorchGenerator(Mix(Mix(seed, AugmentStream), (ulong)step)));
        if (drawn is not null)
        {
            AugmentationPipe.Apply(drawn, first, images, data.Channels);
        }

        return new(
            shape,
            images,
            labelled ? labels : default(ReadOnlyMemory<int>),
            noise.AsMemory(first * shape.ImageLength, shape.Length),
            normals.AsMemory(first, count),
            uniforms.AsMemory(first, count),
            dropoutSeed[0] + first)
        {
            AugmentLabels = drawn is null ? default(ReadOnlyMemory<float>) : drawn.Labels.Slice(first * drawn.LabelCount, count * drawn.LabelCount).ToArray(),
            First = first,
            Whole = batch,
        };
    }

    // The finaliser of SplitMix64 (Steele et al. 2014): well spread seeds from consecutive numbers.
    private static ulong Mix(ulong seed, ulong value)
    {
        var x = seed + (0x9E3779B97F4A7C15 * (value + 1));
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
