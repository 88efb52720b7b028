using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Networks;
using ConsistencyModels.Random;

namespace ConsistencyModels.Bench;

/// <summary>How long the CPU engine takes to be ready, with weights packed or mapped from the cache, and what memory it takes.</summary>
internal static unsafe class PackingBench
{
    private const int Rounds = 3;
    private const int Calls = 7;

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["touch", var bytes]:
                return Touch(long.Parse(bytes, CultureInfo.InvariantCulture));
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
                .Line($"{network.ParameterCount / 1e6:F1} M parameters, {floats / 1e6:F0} MB as float32; each figure is the median of {Rounds} processes, 2 threads if there are. \"Ready\" is the time of `CpuEngine.Load` in a fresh process, its compilation included; a call is one image. Memory is a multiple of the float32 weights; the pages of a mapped cache file are the system's, counted apart. \"Fresh memory\" is the time in which the system hands out as much memory as the packed weights take, which packing cannot beat.\n")
                .Line($"| memory | weights | ready, s | fresh memory, s | a call, ms | steady: own + mapped | peak | after dispose, MB |\n|---|---|---|---|---|---|---|---|");
            foreach (var memory in Enum.GetNames<CpuMemory>())
            {
                var cache = Path.Combine(folder, memory);
                var packed = new List<double[]>();
                var mapped = new List<double[]>();
                var fresh = new List<double>();
                Child("measure", path, weights, memory, cache); // leaves the file
                for (var i = 0; i < Rounds; i++)
                {
                    packed.Add(Child("measure", path, weights, memory, "off"));
                    fresh.Add(Child("touch", packed[^1][1].ToString("F0", CultureInfo.InvariantCulture))[0]);
                    mapped.Add(Child("measure", path, weights, memory, cache));
                }

                Add(report, memory, "packed", packed, $"{Report.Median(fresh):F2}", floats);
                Add(report, memory, "mapped", mapped, "", floats);
            }

            report.Publish(file);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Add(Report report, string memory, string how, List<double[]> figures, string fresh, long floats)
    {
        double Of(int i) => Report.Median(figures.Select(figure => figure[i]));
        report.Line($"| {memory} | {how} | {Of(0):F2} | {fresh} | {Of(2):F0} | {Of(3) / floats:F2} + {Of(4) / floats:F2} | {Of(5) / floats:F2} | {Of(6) / 1e6:F0} |");
    }

    private static double[] Child(params string[] arguments) =>
        [.. ChildProcess.Run(ChildProcess.Self, ["packing", .. arguments]).LastLine.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

    private static int Touch(long bytes)
    {
        var clock = Stopwatch.StartNew();
        var block = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 2 << 20);
        _ = Madvise(block, (nuint)bytes, 14); // huge pages, as the engine asks for
        for (long i = 0; i < bytes; i += 4096)
        {
            block[i] = 1;
        }

        Console.WriteLine(clock.Elapsed.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        NativeMemory.AlignedFree(block);
        return 0;
    }

    private static int Measure(string config, string weights, CpuMemory memory, string cache)
    {
        var options = new CpuEngineOptions { Memory = memory, PackedCache = cache != "off", PackedCacheFolder = cache };
        var clock = Stopwatch.StartNew();
        CpuUNet network;
        using (var source = SafetensorsFile.Open(weights))
        {
            network = (CpuUNet)new CpuEngine(options).Load(UNet2DConfig.Load(config), source, new EngineOptions());
        }

        var ready = clock.Elapsed.TotalSeconds;
        var bytes = network.MemoryBytes;
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
        Console.WriteLine(string.Join(' ', new[] { ready, bytes, Report.Median(times), own, mapped, peak, ChildProcess.Kilobytes("VmRSS:") * 1024 }
            .Select(figure => figure.ToString(CultureInfo.InvariantCulture))));
        return 0;
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Madvise(void* address, nuint length, int advice);
}
