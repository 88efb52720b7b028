namespace ConsistencyModels.Bench.Engines;

/// <summary>The tables in docs/benchmarks.md.</summary>
internal static class EnginesReport
{
    private const double Billion = 1e9;
    private const double Megabyte = 1 << 20;

    private static readonly Dictionary<string, string> Titles = new()
    {
        [Contender.Engine] = "engine",
        [Contender.Eager] = "TorchSharp eager",
        [Contender.ChannelsLast] = "TorchSharp channels last",
        [Contender.Onnx] = "ONNX Runtime",
        [Contender.Built] = "engine in `cm bench`, as built",
        [Contender.Native] = "engine in `cm bench`, native",
    };

    public static void Publish(EnginesOptions options, IReadOnlyList<Result> results, IReadOnlyList<MemoryResult> memory, string loadBefore)
    {
        var report = new Report("Engines");
        report.Line($"One forward pass in float32; medians of up to {options.Rounds} rounds that go through all contenders, each a process that is stopped while others run; calls of less than 0.5 s are repeated for so long, and their median is the round's; `cm bench` is started for each round and measures for 5 s. Ratios are medians of the rounds' ratios. The load average before was {loadBefore}.\n")
            .Line($"\"GFLOP/s\" counts the operations of direct convolutions, whatever is really done; the direct floor is those operations at the processor's FMA peak, measured in the same rounds.\n")
            .Line($"| model | batch | threads | | ms per image | against {Titles[options.Contenders[0]]} | GFLOP/s | of FMA peak | time / direct floor |")
            .Line($"|---|---|---|---|---|---|---|---|---|");
        foreach (var group in results.GroupBy(r => (r.Model, r.Batch, r.Threads)))
        {
            var first = group.First();
            foreach (var r in group)
            {
                report.Line($"| {r.Model} | {r.Batch} | {r.Threads} | {Titles[r.Contender]} | {r.MillisecondsAnImage:F1} | {first.RatioOf(r):F2} | {r.Rate / Billion:F0} | {100 * r.Rate / r.PeakRate:F0}% | {r.OfDirectFloor:F2} |");
            }
        }

        Facts(report, results);
        report.Line($"\n| model | threads | | ready after, s | steady, MB (x weights) | peak, MB (x weights) |")
            .Line($"|---|---|---|---|---|---|");
        foreach (var m in memory.GroupBy(m => (m.Model, m.Threads, m.Contender)).Select(group => group.MinBy(m => m.Batch)!))
        {
            report.Line($"| {m.Model} | {m.Threads} | {Titles[m.Contender]} | {m.LoadSeconds:F2} | {m.SteadyBytes / Megabyte:F0} ({m.SteadyBytes / m.WeightBytes:F2}) | {m.PeakBytes / Megabyte:F0} ({m.PeakBytes / m.WeightBytes:F2}) |");
        }

        report.Line($"\nMemory is a whole process's resident memory after the smallest batch, file mappings included; the runtime itself is about 50 MB of it, libtorch 150 MB.").Publish(options.Markdown);
    }

    private static void Facts(Report report, IReadOnlyList<Result> results)
    {
        report.Line($"");
        foreach (var group in results.GroupBy(r => (r.Model, r.Threads)))
        {
            var r = group.First();
            var operations = r.Operations / r.Batch;
            var peak = group.Max(one => one.PeakRate);
            report.Line($"- {r.Model}, threads {r.Threads}: {operations / Billion:F1} GFLOP per image, FMA peak {peak / Billion:F0} GFLOP/s, direct floor {1000 * operations / peak:F0} ms.");
        }

        foreach (var group in results.GroupBy(r => (r.Model, r.Contender)))
        {
            var first = group.First();
            foreach (var larger in group.Where(r => r.Threads == first.Threads && r.Batch > first.Batch))
            {
                report.Line($"- {first.Model}, {Titles[first.Contender]}: an image at batch {larger.Batch} takes {larger.MillisecondsAnImage / first.MillisecondsAnImage:F2} of its time at batch {first.Batch} ({first.Threads} threads).");
            }

            foreach (var more in group.Where(r => r.Batch == first.Batch && r.Threads > first.Threads))
            {
                report.Line($"- {first.Model}, {Titles[first.Contender]}: {more.Threads} threads are {first.Median / more.Median:F2} times as fast as {first.Threads} (batch {first.Batch}).");
            }
        }
    }
}
