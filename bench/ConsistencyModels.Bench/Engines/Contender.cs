using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Shared;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Bench.Engines;

/// <summary>The child's side: loads a network once, then runs one forward pass for each line on its standard input.</summary>
internal static class Contender
{
    public const string Engine = "engine";
    public const string Eager = "eager";
    public const string ChannelsLast = "channels_last";
    public const string Onnx = "onnx";
    public const string Built = "built";
    public const string Native = "native";

    // A process that was just continued finds its caches empty: calls that take less than this are repeated, and their median counts.
    private static readonly TimeSpan ShortestTurn = TimeSpan.FromSeconds(0.5);

    /// <summary>Everyone who can take part.</summary>
    public static IReadOnlyList<string> Names { get; } = [Engine, Eager, ChannelsLast, Onnx, Built, Native];

    public static int Run(string[] args)
    {
        if (args is not [var name, var folder, var onnxFolder, var words])
        {
            return 2;
        }

        var threads = int.Parse(words, CultureInfo.InvariantCulture);
        if (name is Built or Native)
        {
            CmContender.Run(name == Built ? CmPrograms.Built : CmPrograms.Published(Native), folder, threads, Say);
            return 0;
        }

        var clock = Stopwatch.StartNew();
        using var network = Load(name, folder, onnxFolder, threads);
        var loading = clock.Elapsed;

        // Its packed weights are on their way to the disk after the first loading: no call should be measured beside that.
        (network as CpuUNet)?.WhenSaved.Wait();
        Say($"{loading.TotalSeconds:R}");
        while (Console.ReadLine() is { } line)
        {
            if (line == "memory")
            {
                Say($"{ChildProcess.ResidentKilobytes()} {ChildProcess.PeakKilobytes()}");
            }
            else
            {
                Say($"{Forward(network, int.Parse(line, CultureInfo.InvariantCulture)):R}");
            }
        }

        return 0;
    }

    private static IUNet Load(string name, string folder, string onnxFolder, int threads)
    {
        if (name == Onnx)
        {
            return new OnnxUNet(BenchModel.OnnxFile(onnxFolder), UNet2DConfig.Load(Path.Combine(folder, "unet", "config.json")), threads);
        }

        using var model = ModelReader.Open(folder);
        using var weights = model.OpenWeights();
        var options = new EngineOptions { Threads = threads };
        return name switch
        {
            Engine => new CpuEngine(new CpuEngineOptions { PackedCache = true }).Load(model.Config, weights, options),
            Eager => new TorchEngine().Load(model.Config, weights, options),
            ChannelsLast => LoadChannelsLast(model.Config, weights, threads),
            _ => throw new ArgumentException($"There is no contender {name}; there are {string.Join(", ", Names)}."),
        };
    }

    private static TorchUNet LoadChannelsLast(UNet2DConfig config, ITensorSource weights, int threads)
    {
        var network = new UNet2DModel(UNet2DDescription.Of(config)) { ChannelsLast = true };
        ParameterFiller.Load(network, weights);
        TorchSharp.torch.set_num_threads(threads);
        return new TorchUNet(network);
    }

    private static double Forward(IUNet network, int batch)
    {
        var size = network.Config.SampleSize!.Value;
        var shape = new ImageShape(batch, network.Config.InChannels, size.Height, size.Width);
        var sample = new float[shape.Length];
        new TorchGenerator(1).Randn(sample);
        var labels = new int[network.Config.NumClassEmbeds is null ? 0 : batch];
        var output = new float[batch * network.Config.OutChannels * size.Height * size.Width];
        var seconds = new List<double>();
        var clock = Stopwatch.StartNew();
        do
        {
            var start = clock.Elapsed;
            network.Forward(sample, shape, [500], labels, output);
            seconds.Add((clock.Elapsed - start).TotalSeconds);
        }
        while (clock.Elapsed < ShortestTurn);
        return output.All(float.IsFinite) ? Report.Median(seconds) : throw new InvalidOperationException("The output is not finite.");
    }

    private static void Say(FormattableString line)
    {
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        Console.Out.Flush();
    }
}
