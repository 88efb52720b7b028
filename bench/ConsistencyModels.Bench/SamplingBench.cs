using System.Diagnostics;
using ConsistencyModels.Denoising;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Bench;

/// <summary>What a pipeline adds to the time of the network's forward calls: noise, scheduler, copies, pictures, tiles.</summary>
internal static class SamplingBench
{
    private const int Batch = 16;
    private const int Rounds = 31;

    // Until the runtime has compiled everything for speed.
    private const int WarmUp = 40;

    public static int Run(string[] args)
    {
        var (file, rest) = Report.Arguments(args);
        var folder = rest.Length > 0 ? rest[0] : Repository.Path("models", "crawl-tiles-32");
        using var loaded = ConsistencyModelPipeline.FromPretrained(folder);
        var timed = new TimedUNet(loaded.Network);
        using var pipeline = new ConsistencyModelPipeline(timed, loaded.SchedulerConfig, loaded.ClassNames);
        var size = pipeline.Config.SampleSize ?? new ImageSize(32, 32);
        var memory = new float[new ImageShape(Batch, pipeline.Config.InChannels, size.Height, size.Width).Length];
        (string Name, Action<GenerateOptions> Draw)[] ways =
        [
            ("floats into the caller's memory", options => pipeline.Generate(options with { OutputType = OutputType.Raw }, memory)),
            ("floats in a new array", options => pipeline.Generate(options with { OutputType = OutputType.Raw })),
            ("pictures", options => pipeline.Generate(options)),
            ("a stream of pictures", options => Drain(pipeline.GenerateMany(Batch, options.Seed, options with { Seed = null }))),
        ];
        var report = new Report("Sampling")
            .Line($"Time of `Generate` at batch {Batch} and {size.Width}x{size.Height} against the time inside the network's forward calls; median of {Rounds} rounds, in which the ways take turns.\n")
            .Line($"| steps | what comes out | added to the forward calls |\n|---|---|---|");
        foreach (var steps in (int[])[1, 2, 4])
        {
            var added = Measure(timed, [.. ways.Select(way => (Action<ulong>)(seed => way.Draw(new() { BatchSize = Batch, NumInferenceSteps = steps, Seed = seed })))]);
            for (var i = 0; i < ways.Length; i++)
            {
                report.Line($"| {steps} | {ways[i].Name} | {100 * added[i]:F1}% |");
            }
        }

        // The canvas costs as many forward calls as it has windows; what is added to them is cutting and blending.
        var canvas = new GenerateOptions { Width = 4 * size.Width, Height = 4 * size.Height, NumInferenceSteps = 2, Tiles = new TileOptions() };
        report.Line($"| 2 | one picture of {canvas.Width}x{canvas.Height} in tiles | {100 * Measure(timed, [seed => pipeline.Generate(canvas with { Seed = seed })])[0]:F1}% |");
        report.Publish(file);
        return 0;
    }

    private static double[] Measure(TimedUNet network, Action<ulong>[] ways)
    {
        var added = ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                network.Reset();
                var clock = Stopwatch.StartNew();
                ways[way]((ulong)round);
                if (round >= WarmUp)
                {
                    added[way].Add((clock.Elapsed / network.Elapsed) - 1);
                }
            }
        }

        return [.. added.Select(Report.Median)];
    }

    private static void Drain(IEnumerable<GeneratedImage> images)
    {
        foreach (var image in images)
        {
            _ = image.Image;
        }
    }
}
