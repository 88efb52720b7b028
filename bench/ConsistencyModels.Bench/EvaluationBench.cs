using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Bench;

/// <summary>Feature extraction against ONNX Runtime alone on the same network, and a Fréchet distance of 50,000 vectors of 2,048 numbers.</summary>
internal static class EvaluationBench
{
    private const int Batch = 64;
    private const int Batches = 4;
    private const int Images = 50_000;
    private const int Length = 2048;

    /// <summary>Runs <c>evaluation [--write FILE] [--rounds N]</c>, or <c>evaluation distance</c>, which it calls itself by.</summary>
    public static int Run(string[] args)
    {
        if (args is ["distance"])
        {
            Distance();
            return 0;
        }

        var (file, rest) = Report.Arguments(args);
        var rounds = rest is ["--rounds", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 5;
        var (bare, ours, ratios, processor) = Extraction(rounds);
        var distance = ChildProcess.RunAgain(["evaluation", "distance"]).LastLine.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        new Report("Evaluation")
            .Line($"Features of 32x32 pictures by `resnet18` at batch {Batch}, with resizing to 224x224 and everything else that an evaluation does, against ONNX Runtime alone on prepared floats; the two take turns, {rounds} rounds of {Batches} batches after one that is not counted; medians, and the median of each round's ratio with its range.\n")
            .Line($"| | images/s |\n|---|---|")
            .Line($"| ONNX Runtime alone | {bare:F1} |")
            .Line($"| `FeatureExtraction` | {ours:F1} |")
            .Line($"| ratio by the clock | {Report.Median(ratios):F3} ({ratios.Min():F3} to {ratios.Max():F3}) |")
            .Line($"| ratio by processor time | {Report.Median(processor):F3} ({processor.Min():F3} to {processor.Max():F3}) |\n")
            .Line($"Fréchet distance of {Images} vectors of {Length} numbers from the statistics of a reference, in a process of its own: {distance[0]:F1} s, of which mean and covariance {distance[1]:F1} s and the distance {distance[2]:F1} s; {distance[3]:F0} MB at the peak beyond the {distance[4]:F0} MB of the features.")
            .Publish(file);
        return 0;
    }

    private static (double Bare, double Ours, List<double> Ratios, List<double> Processor) Extraction(int rounds)
    {
        using var extractor = new ExtractorStore().Open(ExtractorStore.Default);
        using var session = new InferenceSession(extractor.FilePath);
        var manifest = extractor.Manifest;
        var prepared = new float[Batch * manifest.Channels * manifest.Height * manifest.Width];
        new TorchGenerator(0).Rand(prepared);
        var pictures = new NoisePictures(Batch * Batches);
        var extraction = new FeatureExtraction(extractor, Batch);
        List<double> bare = [], ours = [], ratios = [], processor = [];
        for (var round = 0; round <= rounds; round++)
        {
            var alone = Time(() =>
            {
                for (var i = 0; i < Batches; i++)
                {
                    using var run = new RunOptions();
                    using var input = OrtValue.CreateTensorValueFromMemory(prepared, [Batch, manifest.Channels, manifest.Height, manifest.Width]);
                    using var outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
                }
            });
            var whole = Time(() => extraction.Run(pictures));
            if (round > 0)
            {
                bare.Add(pictures.Count / alone.Clock);
                ours.Add(pictures.Count / whole.Clock);
                ratios.Add(alone.Clock / whole.Clock);
                processor.Add(alone.Processor / whole.Processor);
            }
        }

        return (Report.Median(bare), Report.Median(ours), ratios, processor);
    }

    private static void Distance()
    {
        var generator = new TorchGenerator(0);
        var values = new float[Images * Length];
        generator.Rand(values);
        var features = new FeatureMatrix(values, Length);

        // A reference of few images is enough: its statistics have the same size.
        var some = new float[4 * Length * Length];
        generator.Rand(some);
        var reference = FeatureStatistics.Of(new FeatureMatrix(some, Length));
        some = [];
        GC.Collect();
        var clock = Stopwatch.StartNew();
        var statistics = FeatureStatistics.Of(features);
        var covariance = clock.Elapsed.TotalSeconds;
        _ = FrechetDistance.Between(statistics, reference);
        var all = clock.Elapsed.TotalSeconds;

        // The peak counts the features and what is there before.
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{all} {covariance} {all - covariance} {Resident("VmHWM") - (values.LongLength * sizeof(float) / 1e6)} {values.LongLength * sizeof(float) / 1e6}"));
    }

    private static double Resident(string key) =>
        double.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;

    // Processor time counts what other programs do not change.
    private static (double Clock, double Processor) Time(Action work)
    {
        var (clock, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        work();
        return (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private sealed class NoisePictures(int count) : IPictureSet
    {
        private readonly ImageBuffer[] _pictures = [.. Enumerable.Range(0, count).Select(Noise)];

        public string Name => "noise";

        public int Count => count;

        public string Identity => "noise";

        public IEnumerable<ImageBuffer> Read(int first, int wanted, CancellationToken cancellationToken) => _pictures.Skip(first).Take(wanted);

        private static ImageBuffer Noise(int seed)
        {
            var image = new ImageBuffer(32, 32, 3);
            new Random(seed).NextBytes(image.Pixels);
            return image;
        }
    }
}
