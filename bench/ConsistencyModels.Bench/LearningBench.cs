using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Bench.Engines;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Bench;

/// <summary>
/// A step of training on the CPU engine against the same on libtorch: `TrainingStep.Run` with `edm`, RAdam and one average. Each is a
/// process of its own that stands still while the other computes, and they take turns.
/// </summary>
internal static class LearningBench
{
    private const string Cpu = "cpu";
    private const string Torch = "torch";
    private const int DefaultRounds = 5;

    private static readonly (string Network, int Batch)[] Cases = [("tiles", 64), ("cifar", 16)];

    public static int Run(string[] args)
    {
        if (args is ["contender", var engine, var named, var images, var count])
        {
            return Contend(engine, named, Number(images), Number(count));
        }

        var (file, rest) = Report.Arguments(args);
        var rounds = rest is ["--rounds", var word] ? Number(word) : DefaultRounds;
        var report = new Report("Training, engine against engine")
            .Line($"`TrainingStep.Run` with `edm`, RAdam and one average, on the CPU engine and on libtorch (`TorchEngine`, malloc set up as decision 0015 says). *tiles* is the bundled model's network, *cifar* DDPM's for CIFAR-10 (35.7 M parameters). Two processes, of which one stands still while the other computes, take turns, {rounds} rounds after one that is not counted; medians, and the median of each round's ratio with its range. Processor time counts what other programs do not change, but also threads that wait by spinning.\n")
            .Line($"| network, batch | threads | images/s, libtorch | images/s, CPU engine | ratio by the clock | ratio by processor time | peak memory, libtorch | CPU engine |\n|---|---|---|---|---|---|---|---|");
        foreach (var (network, batch) in Cases)
        {
            foreach (var threads in (int[])[1, 2])
            {
                Row(report, network, batch, threads, rounds);
            }
        }

        report.Publish(file);
        return 0;
    }

    private static void Row(Report report, string network, int batch, int threads, int rounds)
    {
        using var torch = Start(Torch, network, batch, threads);
        using var cpu = Start(Cpu, network, batch, threads);
        var rows = new List<(double[] Torch, double[] Cpu)>();
        for (var i = -1; i < rounds; i++)
        {
            var row = (torch.Ask("step"), cpu.Ask("step"));
            if (i >= 0)
            {
                rows.Add(row);
            }
        }

        double Speed(Func<(double[] Torch, double[] Cpu), double[]> of) => batch / Report.Median(rows.Select(row => of(row)[0]));
        string Ratio(int i)
        {
            var ratios = rows.Select(row => row.Torch[i] / row.Cpu[i]).ToArray();
            return string.Create(CultureInfo.InvariantCulture, $"{Report.Median(ratios):F2} ({ratios.Min():F2} to {ratios.Max():F2})");
        }

        report.Line($"| {network}, {batch} | {threads} | {Speed(row => row.Torch):F1} | {Speed(row => row.Cpu):F1} | {Ratio(0)} | {Ratio(1)} | {torch.Memory().Peak / 1e6:F0} MB | {cpu.Memory().Peak / 1e6:F0} MB |");
    }

    private static ContenderProcess Start(string engine, string network, int batch, int threads) =>
        new(engine, threads, "learning", "contender", engine, network, Text(batch), Text(threads));

    private static int Contend(string name, string network, int batch, int threads)
    {
        if (name == Torch)
        {
            TorchDevice.SetThreads(threads);
        }

        using var loop = new TrainingLoop(name == Cpu ? new CpuEngine() : new TorchEngine(), UNet2DDescription.Of(Config(network)), "edm", batch, threads);
        Console.WriteLine(0);
        while (Console.ReadLine() is { } line)
        {
            if (line == "memory")
            {
                Console.WriteLine($"{ChildProcess.ResidentKilobytes()} {ChildProcess.PeakKilobytes()}");
                continue;
            }

            using var self = Process.GetCurrentProcess();
            var (clock, before) = (Stopwatch.StartNew(), self.TotalProcessorTime);
            loop.Step();
            var seconds = clock.Elapsed.TotalSeconds;
            self.Refresh();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:R} {(self.TotalProcessorTime - before).TotalSeconds:R}"));
        }

        return 0;
    }

    private static UNet2DConfig Config(string network)
    {
        if (network == "cifar")
        {
            return new UNet2DConfig
            {
                SampleSize = new(32, 32),
                BlockOutChannels = [128, 256, 256, 256],
                LayersPerBlock = 2,
                DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
                UpBlockTypes = ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
                AttentionHeadDim = null,
            };
        }

        using var model = ModelReader.Open(Repository.Path("models", "crawl-tiles-32"));
        return model.Config;
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
