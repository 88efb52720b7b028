using System.Diagnostics;
using ConsistencyModels.Pipelines;

namespace ConsistencyModels.Bench;

/// <summary>What a pipeline adds to the time of the network's forward calls: noise, scheduler, copies, pictures.</summary>
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
        var report = new Report("Sampling")
            .Line($"Time of `Generate` at batch {Batch} (float NCHW out, and pictures out) against the time inside the network's forward calls; median of {Rounds} rounds.\n")
            .Line($"| steps | output | added to the forward calls |\n|---|---|---|");
        foreach (var steps in (int[])[1, 2, 4])
        {
            foreach (var output in (OutputType[])[OutputType.Raw, OutputType.Images])
            {
                report.Line($"| {steps} | {output} | {100 * Report.Median(Enumerable.Range(0, WarmUp + Rounds).Select(i => Overhead(pipeline, timed, steps, output, (ulong)i)).Skip(WarmUp)):F1}% |");
            }
        }

        report.Publish(file);
        return 0;
    }

    private static double Overhead(ConsistencyModelPipeline pipeline, TimedUNet network, int steps, OutputType output, ulong seed)
    {
        network.Reset();
        var clock = Stopwatch.StartNew();
        pipeline.Generate(new() { BatchSize = Batch, NumInferenceSteps = steps, Seed = seed, OutputType = output });
        return (clock.Elapsed / network.Elapsed) - 1;
    }
}
