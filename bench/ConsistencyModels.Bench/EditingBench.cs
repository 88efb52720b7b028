using System.Diagnostics;
using ConsistencyModels.Editing;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Bench;

/// <summary>What an edit adds to the time of the network's forward calls: transforms, masks, noise, copies.</summary>
internal static class EditingBench
{
    private const int Batch = 16;
    private const int Steps = 4;
    private const int Rounds = 9;

    public static int Run(string[] args)
    {
        var (file, rest) = Report.Arguments(args);
        var folder = rest.Length > 0 ? rest[0] : Repository.Path("models", "crawl-tiles-32");
        using var loaded = ConsistencyModelPipeline.FromPretrained(folder);
        var timed = new TimedUNet(loaded.Network);
        using var pipeline = new ConsistencyModelPipeline(timed, loaded.SchedulerConfig, loaded.ClassNames);
        var size = loaded.Config.SampleSize ?? new ImageSize(32, 32);
        var mask = ImageMask.Demo("checkers", size);
        var report = new Report("Editing")
            .Line($"Time of an edit of {Steps} steps at batch {Batch}, {size.Height}x{size.Width} (floats in and out) against the time inside the network's forward calls; median of {Rounds} rounds.\n")
            .Line($"| edit | added to the forward calls |\n|---|---|");
        foreach (var (name, measurement) in new (string, IMeasurement)[]
        {
            ("inpainting", Measurement.Inpainting(mask)),
            ("colorization", Measurement.Colorization(size)),
            ("super-resolution by 8", Measurement.SuperResolution(8, size)),
            ("colorization and inpainting", Measurement.Blend(Measurement.Colorization(size), Measurement.Inpainting(mask))),
        })
        {
            report.Line($"| {name} | {100 * Report.Median(Enumerable.Range(0, Rounds + 2).Select(i => Overhead(pipeline, timed, measurement, size, (ulong)i)).Skip(2)):F1}% |");
        }

        report.Publish(file);
        return 0;
    }

    private static double Overhead(ConsistencyModelPipeline pipeline, TimedUNet network, IMeasurement measurement, ImageSize size, ulong seed)
    {
        var shape = new ImageShape(Batch, pipeline.Config.InChannels, size.Height, size.Width);
        var reference = new float[shape.Length];
        network.Reset();
        var clock = Stopwatch.StartNew();
        pipeline.Edit(reference, shape, measurement, new() { NumInferenceSteps = Steps, Seed = seed, OutputType = OutputType.Raw });
        return (clock.Elapsed / network.Elapsed) - 1;
    }
}
