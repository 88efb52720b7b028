using System.Diagnostics;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench;

/// <summary>How much longer a call takes while packed weights are written to the cache for the first time.</summary>
internal static class SavingBench
{
    private const int Warm = 2;
    private const int MostBeside = 60;
    private const int After = 30;

    public static int Run(string[] args)
    {
        var (file, rest) = Report.Arguments(args);

        // A cache of its own, so that nothing is there yet.
        var cache = Directory.CreateTempSubdirectory("cm-bench-").FullName;
        try
        {
            using var model = ModelReader.Open(rest[0]);
            using var weights = model.OpenWeights();
            using var network = (CpuUNet)new CpuEngine(new CpuEngineOptions { PackedCache = true, PackedCacheFolder = cache }).Load(model.Config, weights, new EngineOptions());
            var size = model.Config.SampleSize ?? new ImageSize(64, 64);
            var shape = new ImageShape(1, model.Config.InChannels, size.Height, size.Width);
            var (x, y) = (new float[shape.Length], new float[(shape with { Channels = model.Config.OutChannels }).Length]);
            int[] labels = model.Config.NumClassEmbeds is null ? [] : [0];
            double Call()
            {
                var clock = Stopwatch.StartNew();
                network.Forward(x, shape, [100f], labels, y);
                return clock.Elapsed.TotalMilliseconds;
            }

            for (var i = 0; i < Warm; i++)
            {
                Call();
            }

            List<double> beside = [];
            while (!network.WhenSaved.IsCompleted && beside.Count < MostBeside)
            {
                beside.Add(Call());
            }

            network.WhenSaved.Wait();
            var after = Enumerable.Range(0, After).Select(_ => Call()).ToList();
            new Report("Saving packed weights")
                .Line($"Batch 1 and the engine's threads; medians of {beside.Count} calls while packed weights are written, and of {After} afterwards.\n")
                .Line($"| | ms |\n|---|---|")
                .Line($"| while they are written | {Report.Median(beside):F0} |")
                .Line($"| afterwards | {Report.Median(after):F0} |")
                .Line($"| ratio | {Report.Median(beside) / Report.Median(after):F2} |")
                .Publish(file);
            return 0;
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }
}
