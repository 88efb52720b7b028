using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench;

/// <summary>How long the CPU engine takes to be ready, with weights packed or mapped from the cache, and what memory it takes.</summary>
internal static class PackingBench
{
    private const int Rounds = 3;
    private const int Calls = 7;

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["measure", var config, var weights, var memory, var cache]:
                return Measure(config, weights, Enum.Parse<CpuMemory>(memory), cache);
        }

        var (file, rest) = Report.Arguments(args);
        var path = rest.Length > 0 ? rest[0] : Repository.Path("tests", "golden", "fullsize", "imagenet64", "config.json");
        var network = UNet2DDescription.Of(UNet2DConfig.Load(path));
        var floats = network.ParameterCount * sizeof(float);
        var folder = Directory.CreateTempSubdirectory("packing-").FullName;
        try
        {
            var weights = Path.Combine(folder, "weights.safetensors");
            LoadBench.Make(network, weights, TensorDType.F32);
            Thread.Sleep(TimeSpan.FromSeconds(8)); // at rest, as checkpoints are
            var report = new Report("Packing")
                .Line($"{network.ParameterCount / 1e6:F1} M parameters, {floats / 1e6:F0} MB as float32; each figure is the median of {Rounds} processes, 2 threads if there are. \"Ready\" is the time of `CpuEngine.Load` in a fresh process, its compilation included; a call is one image. Memory is a multiple of the float32 weights; the pages of a mapped cache file are the system's, counted apart. CPU time of loading is that of the program on all threads, and of the kernel, which clears memory before it hands it out.\n")
                .Line($"| memory | weights | ready, s | CPU: program + kernel, s | a call, ms | steady: own + mapped | peak | after dispose, MB |\n|---|---|---|---|---|---|---|---|");
            foreach (var memory in Enum.GetNames<CpuMemory>())
            {
                var cache = Path.Combine(folder, memory);
                var packed = new List<double[]>();
                var mapped = new List<double[]>();
                Child("measure", path, weights, memory, cache); // leaves the file
                for (var i = 0; i < Rounds; i++)
                {
                    packed.Add(Child("measure", path, weights, memory, "off"));
                    mapped.Add(Child("measure", path, weights, memory, cache));
                }

                Add(report, memory, "packed", packed, floats);
                Add(report, memory, "mapped", mapped, floats);
            }

            report.Publish(file);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Add(Report report, string memory, string how, List<double[]> figures, long floats)
    {
        double Of(int i) => Report.Median(figures.Select(figure => figure[i]));
        report.Line($"| {memory} | {how} | {Of(0):F2} | {Of(1):F2} + {Of(7):F2} | {Of(2):F0} | {Of(3) / floats:F2} + {Of(4) / floats:F2} | {Of(5) / floats:F2} | {Of(6) / 1e6:F0} |");
    }

    private static double[] Child(params string[] arguments) =>
        [.. ChildProcess.RunAgain(["packing", .. arguments]).LastLine.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

    private static int Measure(string config, string weights, CpuMemory memory, string cache)
    {
        var options = new CpuEngineOptions { Memory = memory, PackedCache = cache != "off", PackedCacheFolder = cache };
        TimeSpan programBefore, kernelBefore;
        using (var before = Process.GetCurrentProcess())
        {
            (programBefore, kernelBefore) = (before.UserProcessorTime, before.PrivilegedProcessorTime);
        }

        var clock = Stopwatch.StartNew();
        CpuUNet network;
        using (var source = SafetensorsFile.Open(weights))
        {
            network = (CpuUNet)new CpuEngine(options).Load(UNet2DConfig.Load(config), source, new EngineOptions());
        }

        var ready = clock.Elapsed.TotalSeconds;
        using var self = Process.GetCurrentProcess();
        var (program, kernel) = (self.UserProcessorTime - programBefore, self.PrivilegedProcessorTime - kernelBefore);
        var size = network.Config.SampleSize!.Value;
        var shape = new ImageShape(1, network.Config.InChannels, size.Height, size.Width);
        float[] x = new float[shape.Length], y = new float[shape.Length];
        var times = new double[Calls];
        for (var i = 0; i < Calls; i++)
        {
            clock.Restart();
            network.Forward(x, shape, [1], network.Config.NumClassEmbeds is null ? [] : [1], y);
            times[i] = clock.Elapsed.TotalMilliseconds;
        }

        var (own, mapped) = (ChildProcess.Kilobytes("RssAnon:") * 1024, ChildProcess.Kilobytes("RssFile:") * 1024);
        var peak = ChildProcess.PeakKilobytes() * 1024;
        network.Dispose();
        Console.WriteLine(string.Join(' ', new[] { ready, program.TotalSeconds, Report.Median(times), own, mapped, peak, ChildProcess.Kilobytes("VmRSS:") * 1024, kernel.TotalSeconds }
            .Select(figure => figure.ToString(CultureInfo.InvariantCulture))));
        return 0;
    }
}
