namespace ConsistencyModels.Bench;

/// <summary>From process start to a PNG on disk with the bundled model, against a bare TorchSharp program, in turns.</summary>
internal static class StartupBench
{
    private const int Pairs = 11;

    public static int Run(string[] args)
    {
        var (file, rest) = Report.Arguments(args);
        var cm = rest.Length > 0 ? rest[0] : Repository.Path("src", "ConsistencyModels.Cli", "bin", "Release", "net10.0", "cm");
        var picture = Path.Combine(Path.GetTempPath(), $"startup-{Environment.ProcessId}.png");
        var ratios = new List<double>();
        var ours = new List<double>();
        var bare = new List<double>();
        for (var i = 0; i <= Pairs; i++)
        {
            File.Delete(picture);
            var generate = ChildProcess.Run(cm, "generate", "--seed", "1", "--quiet", "--out", picture).Seconds;
            if (!File.Exists(picture))
            {
                throw new InvalidOperationException("cm wrote no picture.");
            }

            var baseline = ChildProcess.Run(ChildProcess.Self, "bare").Seconds;
            // The first pair warms the file cache.
            if (i > 0)
            {
                ratios.Add(generate / baseline);
                ours.Add(generate);
                bare.Add(baseline);
            }
        }

        File.Delete(picture);
        new Report("Start-up")
            .Line($"From process start to a PNG on disk (`cm generate`, bundled model, one step), against a TorchSharp program that makes one tensor; median of {Pairs} interleaved pairs.\n")
            .Line($"| | seconds | ratio to bare |\n|---|---|---|")
            .Line($"| bare TorchSharp program | {Report.Median(bare):F2} | 1 |")
            .Line($"| `cm generate` | {Report.Median(ours):F2} | {Report.Median(ratios):F2} (from {ratios.Min():F2} to {ratios.Max():F2}) |")
            .Publish(file);
        return 0;
    }
}
