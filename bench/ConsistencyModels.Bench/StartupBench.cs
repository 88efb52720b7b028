using System.Globalization;

namespace ConsistencyModels.Bench;

/// <summary>From process start to a PNG on disk with the bundled model, against a bare TorchSharp program, in turns.</summary>
internal static class StartupBench
{
    private const string Again = "--again";
    private const int Rounds = 15;

    public static int Run(string[] args)
    {
        // Minutes of compiling, and the rounds want a machine that is quiet: --again measures what an earlier run published.
        var again = args.Contains(Again);
        var (file, _) = Report.Arguments([.. args.Where(word => word != Again)]);
        (string Name, string Program)[] programs =
        [
            ("`cm generate`, the native program that `dotnet publish` makes", Published(again, "native")),
            ("`cm generate` as ReadyToRun code, what `dotnet publish` makes without a linker", Published(again, "readytorun", "-p:PublishAot=false")),
            ("`cm generate`, as `dotnet build` makes it: nothing compiled ahead of time", CmPrograms.Built),
        ];
        programs = [.. programs.Where(program => File.Exists(program.Program))];
        var picture = Path.Combine(Path.GetTempPath(), $"startup-{Environment.ProcessId}.png");
        var bare = new List<double>();
        var ours = programs.Select(_ => new List<double>()).ToArray();
        for (var i = 0; i <= Rounds; i++)
        {
            double[] seconds = [.. programs.Select(program => Generate(program.Program, picture))];
            var baseline = ChildProcess.RunAgain("bare").Seconds;
            // The first round warms the file cache.
            if (i > 0)
            {
                bare.Add(baseline);
                for (var p = 0; p < programs.Length; p++)
                {
                    ours[p].Add(seconds[p]);
                }
            }
        }

        var report = new Report("Start-up")
            .Line($"From process start to a PNG on disk (`cm generate`, bundled model, one step), against a TorchSharp program that makes one tensor; medians of {Rounds} rounds that take turns. Memory is the most that was resident, the smallest of five.\n")
            .Line($"| | seconds | ratio to bare | MB |\n|---|---|---|---|")
            .Line($"| bare TorchSharp program | {Report.Median(bare):F2} | 1 | {long.Parse(ChildProcess.RunAgain("bare").LastLine, CultureInfo.InvariantCulture) / 1e3:F0} |");
        for (var p = 0; p < programs.Length; p++)
        {
            var ratios = ours[p].Zip(bare, (a, b) => a / b).ToList();
            var memory = Enumerable.Range(0, 5).Min(_ => PeakOfChild.Measure(programs[p].Program, Words(picture)));
            report.Line($"| {programs[p].Name} | {Report.Median(ours[p]):F3} | {Report.Median(ratios):F2} (from {ratios.Min():F2} to {ratios.Max():F2}) | {memory / 1e3:F0} |");
        }

        File.Delete(picture);
        report.Publish(file);
        return 0;
    }

    private static string Published(bool again, string name, params string[] properties) =>
        again ? CmPrograms.Published(name) : CmPrograms.Publish(name, properties);

    private static string[] Words(string picture) => ["generate", "--seed", "1", "--quiet", "--out", picture];

    private static double Generate(string cm, string picture)
    {
        File.Delete(picture);
        var seconds = ChildProcess.Run(cm, Words(picture)).Seconds;
        return File.Exists(picture) ? seconds : throw new InvalidOperationException("cm wrote no picture.");
    }
}
