using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Bench;

/// <summary>
/// A step of training against the bare passes of libtorch that it contains, with tensors that are there; what optimizer, averages and
/// zeroing add; what malloc's settings are worth; and whether memory stays flat.
/// </summary>
internal static class TrainingBench
{
    private const int Batch = 64;
    private const int Pairs = 4;
    private const int LongRun = 2000;

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["turns", var rounds]:
                return Turns(int.Parse(rounds, CultureInfo.InvariantCulture));
            case ["passes", var memory, var steps]:
                return Passes(memory == "kept", int.Parse(steps, CultureInfo.InvariantCulture));
            case ["flat", var engine]:
                return Flat(engine == "cpu" ? new CpuEngine() : new TorchEngine());
        }

        var (file, rest) = Report.Arguments(args);
        var count = rest is ["--rounds", var word] ? word : "15";
        var turns = Child("turns", count);
        double Of(int i) => turns[i];
        var report = new Report("Training")
            .Line($"The network of the bundled model ({Description().ParameterCount / 1e6:F1} M parameters, 32x32) at batch {Batch} on the CPU, images and noise made beforehand. *Bare* is libtorch alone on tensors that are there: forward, and backward from a gradient of the output. A step is `TrainingStep.Run`, with RAdam and one average; of `ect` it holds a second forward pass, which the bare figure has too. All take turns in one process on one thread, in {count} rounds; medians of the processor's time, and of each round's ratio.\n")
            .Line($"| | CPU, s | bare passes | ratio |\n|---|---|---|---|")
            .Line($"| step of `edm` | {Of(2):F3} | {Of(0):F3} | {Of(6):F3} |")
            .Line($"| step of `ect` | {Of(3):F3} | {Of(0) + Of(1):F3} | {Of(7):F3} |")
            .Line($"\nOptimizer, average, norm and zeroing: {1000 * Of(4):F0} ms, {100 * Of(8):F2}% of a step of `edm`; with the copies, the loss and its gradient {1000 * Of(5):F0} ms beside the bare passes.\n");

        var pairs = Enumerable.Range(0, Pairs).Select(_ => (Default: Child("passes", "default", "5"), Kept: Child("passes", "kept", "5"))).ToArray();
        report.Line($"Malloc as it comes, and as `TorchEngine.Create` sets it up for a CPU (decision 0015): the bare passes, {Pairs} pairs of processes that take turns.\n")
            .Line($"| malloc | seconds a step | of the kernel | pages a step | resident, MB |\n|---|---|---|---|---|");
        foreach (var (name, figures) in ((string, double[][])[])[("default", [.. pairs.Select(pair => pair.Default)]), ("kept", [.. pairs.Select(pair => pair.Kept)])])
        {
            double Median(int i) => Report.Median(figures.Select(figure => figure[i]));
            report.Line($"| {name} | {Median(0):F3} | {Median(1):F3} | {Median(2):F0} | {Median(3):F0} |");
        }

        foreach (var engine in (string[])["cpu", "torch"])
        {
            var resident = Child("flat", engine);
            report.Line($"\nResident memory of a small network's run, `TrainingStep.Run` with `ect`, engine {engine}: {string.Join(", ", resident.Chunk(2).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair[1]:F0} MB after {pair[0]:F0} steps")))}.");
        }

        report.Publish(file);
        return 0;
    }

    private static double[] Child(params string[] arguments) =>
        [.. ChildProcess.RunAgain(["training", .. arguments]).LastLine.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

    private static UNet2DDescription Description()
    {
        using var model = ModelReader.Open(Repository.Path("models", "crawl-tiles-32"));
        return UNet2DDescription.Of(model.Config);
    }

    private static int Turns(int rounds)
    {
        TorchDevice.SetThreads(1); // Of two, one waits for the other, longer or shorter as other programs let them: a third either way.
        using var edm = new TrainingLoop(new TorchEngine(), Description(), "edm", Batch);
        using var ect = new TrainingLoop(new TorchEngine(), Description(), "ect", Batch);
        using var bare = new Bare(edm.Network.Description, Batch);
        Action[] works = [bare.Learn, bare.Evaluate, edm.Step, ect.Step, edm.RestOften];
        var rows = new List<double[]>();
        for (var i = -1; i < rounds; i++)
        {
            // Who comes after whom changes, for each leaves the caches its own way.
            var row = new double[works.Length];
            for (var j = 0; j < works.Length; j++)
            {
                var turn = (i + 1 + j) % works.Length;
                row[turn] = ProcessorSeconds(works[turn]);
            }

            row[^1] /= TrainingLoop.Often;
            if (i >= 0)
            {
                rows.Add([.. row, row[2] - row[0], row[2] / row[0], row[3] / (row[0] + row[1]), row[4] / row[2]]);
            }
        }

        return Print(Enumerable.Range(0, rows[0].Length).Select(column => Report.Median(rows.Select(row => row[column]))));
    }

    private static int Passes(bool kept, int steps)
    {
        if (kept)
        {
            using var network = new TorchEngine().Create(Small(), new EngineOptions());
        }

        using var bare = new Bare(Description(), Batch);
        bare.Learn();
        bare.Learn();
        var rows = new List<double[]>();
        using var self = Process.GetCurrentProcess();
        for (var i = 0; i < steps; i++)
        {
            self.Refresh();
            var (kernel, pages) = (self.PrivilegedProcessorTime, Faults());
            var seconds = Seconds(bare.Learn);
            self.Refresh();
            rows.Add([seconds, (self.PrivilegedProcessorTime - kernel).TotalSeconds, Faults() - pages, ChildProcess.ResidentKilobytes() / 1000.0]);
        }

        return Print(Enumerable.Range(0, 4).Select(column => Report.Median(rows.Select(row => row[column]))));
    }

    private static int Flat(ITrainingEngine engine)
    {
        // Two threads of libtorch would wait for each other at every small tensor.
        using var run = new TrainingLoop(engine, Small(), "ect", 4, threads: 1);
        var figures = new List<double>();
        for (var i = 1; i <= LongRun; i++)
        {
            run.Step();
            if (i is LongRun / 10 or LongRun / 2 or LongRun)
            {
                figures.AddRange([i, ChildProcess.ResidentKilobytes() / 1000.0]);
            }
        }

        return Print(figures);
    }

    private static UNet2DDescription Small() => UNet2DDescription.Of(new()
    {
        SampleSize = new(8, 8),
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
        BlockOutChannels = [16, 32],
        NormNumGroups = 8,
        LayersPerBlock = 1,
        Dropout = 0.1,
    });

    private static int Print(IEnumerable<double> figures)
    {
        Console.WriteLine(string.Join(' ', figures.Select(figure => figure.ToString(CultureInfo.InvariantCulture))));
        return 0;
    }

    private static double Seconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    // What it costs, also where other programs run beside it.
    private static double ProcessorSeconds(Action work)
    {
        using var self = Process.GetCurrentProcess();
        var before = self.TotalProcessorTime;
        work();
        self.Refresh();
        return (self.TotalProcessorTime - before).TotalSeconds;
    }

    // Pages that the kernel has handed to this process: the tenth field of /proc/self/stat, counted from behind the program's name.
    private static double Faults() =>
        double.Parse(File.ReadAllText("/proc/self/stat").Split(") ")[^1].Split(' ')[7], CultureInfo.InvariantCulture);

    /// <summary>The passes of libtorch and nothing else.</summary>
    private sealed class Bare : IDisposable
    {
        private readonly UNet2DModel _network;
        private readonly Tensor _images;
        private readonly Tensor _levels;
        private readonly Tensor? _labels;
        private readonly Tensor _gradient;

        public Bare(UNet2DDescription description, int batch)
        {
            _network = new(description, trainable: true);
            ParameterFiller.Initialize(_network, new TorchGenerator(1), zeroResiduals: false);
            var size = description.Config.SampleSize!.Value;
            long[] shape = [batch, description.Config.InChannels, size.Height, size.Width];
            _images = tensor(TrainingLoop.Normal(batch * description.Config.InChannels * size.Height * size.Width, 2), shape);
            _gradient = tensor(TrainingLoop.Normal(_images.numel(), 3), shape);
            _levels = full([batch], 500f, ScalarType.Float32);
            _labels = description.Config.NumClassEmbeds is null ? null : zeros([batch], ScalarType.Int64);
        }

        public void Learn()
        {
            using var scope = NewDisposeScope();
            _network.forward(_images, _levels, _labels).backward([_gradient]);
        }

        public void Evaluate()
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            _network.forward(_images, _levels, _labels);
        }

        public void Dispose()
        {
            _labels?.Dispose();
            _levels.Dispose();
            _gradient.Dispose();
            _images.Dispose();
            _network.Dispose();
        }
    }
}
