using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Catalogue;
using ConsistencyModels.Training.Optimization;
using ConsistencyModels.Training.Parallel;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Mpi.Worker;

/// <summary>Steps of training, each process with its share of every batch. With or without a launcher.</summary>
internal static class Steps
{
    private const int Seed = 11;

    /// <summary>
    /// Trains a network of a configuration file. Process 0 says the losses, every one the hash of its parameters, the floats that it
    /// summed a step, and process 0 the images a second of all but the first step.
    /// </summary>
    public static int Train(string objective, string network, int batch, int steps, int threads) => MpiCollective.Run(
        processes => Train(new Counting(processes), ObjectiveCatalogue.Make(objective), UNet2DConfig.FromJson(File.ReadAllText(network), network), batch, steps, threads),
        e => (e.ToString(), 1));

    private static int Train(Counting processes, Objective objective, UNet2DConfig config, int batch, int steps, int threads)
    {
        using var network = new TorchEngine().Create(UNet2DDescription.Of(config), new() { Threads = threads });
        using var state = new TrainingState(network, objective, [AverageOptions.OfRate(0.99)]);

        // Other weights everywhere, until they are process 0's.
        ParameterFiles.Initialize(network.Description, network.Parameters, new TorchGenerator((ulong)(Seed + processes.Rank)), zeroResiduals: false);
        processes.Broadcast(network.Parameters);
        state.StartFromParameters();
        var step = new TrainingStep(state, new(OptimizerKind.Adam)) { Processes = processes };
        var losses = new List<double>();
        var watch = new Stopwatch();
        processes.Floats = 0;
        for (var i = 0; i < steps; i++)
        {
            var mine = Batch(config, batch, i).Slice(batch / processes.Count * processes.Rank, batch / processes.Count);
            losses.Add(step.Run(mine, new(i, i * batch, steps), 1e-4, batch).Loss);
            watch.Start();
        }

        watch.Stop();
        var parameters = new float[network.Parameters.Length];
        network.Parameters.Read(0, parameters);
        var hash = Convert.ToHexString(XxHash64.Hash(MemoryMarshal.AsBytes<float>(parameters)));
        var perStep = (double)processes.Floats / steps / parameters.Length;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{processes.Rank} of {processes.Count}: {hash}; sums {perStep} x the parameters a step"));
        if (processes.Rank == 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"losses {string.Join(' ', losses)}"));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(steps - 1) * batch / watch.Elapsed.TotalSeconds:F1} images/s, of each step {processes.Watch.Elapsed.TotalMilliseconds / steps:F2} ms in sums"));
        }

        return 0;
    }

    private static TrainingBatch Batch(UNet2DConfig config, int batch, int step)
    {
        var generator = new TorchGenerator((ulong)(1000 + step));
        var shape = new ImageShape(batch, config.InChannels, config.SampleSize!.Value.Height, config.SampleSize.Value.Width);
        var (images, noise, normals, uniforms) = (new float[shape.Length], new float[shape.Length], new float[batch], new float[batch]);
        generator.Rand(images);
        generator.Randn(noise);
        generator.Randn(normals);
        generator.Rand(uniforms);
        var labels = config.NumClassEmbeds is { } classes ? Enumerable.Range(0, batch).Select(i => i % classes).ToArray() : [];
        return new(shape, images, labels, noise, normals, uniforms, DropoutSeed: step);
    }

    /// <summary>Counts what is summed, and how long it takes.</summary>
    private sealed class Counting(ICollective inner) : ICollective
    {
        public long Floats { get; set; }

        public Stopwatch Watch { get; } = new();

        public int Rank => inner.Rank;

        public int Count => inner.Count;

        public void Sum(Span<float> values)
        {
            Floats += values.Length;
            Watch.Start();
            inner.Sum(values);
            Watch.Stop();
        }

        public void Sum(Span<double> values) => inner.Sum(values);

        public void Broadcast(Span<float> values) => inner.Broadcast(values);
    }
}
