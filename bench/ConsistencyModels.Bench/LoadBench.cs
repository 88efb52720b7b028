using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Bench;

/// <summary>Peak memory of a process that loads a large network as float32, from float32 and from float16 files.</summary>
internal static class LoadBench
{
    private const double Megabyte = 1024;

    public static int Run(string[] args)
    {
        if (args is ["measure", var config, var stored])
        {
            return Measure(config, stored);
        }

        var (file, rest) = Report.Arguments(args);
        var path = rest.Length > 0 ? rest[0] : Repository.Path("tests", "golden", "fullsize", "imagenet64", "config.json");
        var network = UNet2DDescription.Of(UNet2DConfig.Load(path));
        var size = network.ParameterCount * sizeof(float) / 1024.0 / Megabyte;
        var bare = Peak("bare");
        var report = new Report("Loading a large checkpoint")
            .Line($"Peak resident memory of a process that loads {network.ParameterCount / 1e6:F1} M parameters ({size:F0} MB as float32) into the Torch engine, less that of a TorchSharp program that makes one tensor ({bare:F0} MB).\n")
            .Line($"| file | peak, MB | above bare, as a multiple of the float32 weights |\n|---|---|---|");
        foreach (var dtype in (TensorDType[])[TensorDType.F32, TensorDType.F16])
        {
            var weights = Path.Combine(Path.GetTempPath(), $"load-{Environment.ProcessId}.safetensors");
            Make(network, weights, dtype);
            var peak = Peak("load", "measure", path, weights);
            report.Line($"| {dtype} | {peak:F0} | {(peak - bare) / size:F2} |");
            File.Delete(weights);
        }

        report.Publish(file);
        return 0;
    }

    private static double Peak(params string[] arguments) =>
        long.Parse(ChildProcess.RunAgain(arguments).LastLine, CultureInfo.InvariantCulture) / Megabyte;

    private static int Measure(string config, string weights)
    {
        using var source = SafetensorsFile.Open(weights);
        using var network = new TorchEngine().Load(UNet2DConfig.Load(config), source, new EngineOptions());
        Console.WriteLine(ChildProcess.PeakKilobytes());
        return 0;
    }

    /// <summary>Writes random weights of a network.</summary>
    public static void Make(UNet2DDescription network, string path, TensorDType dtype)
    {
        var generator = new TorchGenerator(0);
        SafetensorsWriter.Write(path, network.Parameters.Select(parameter =>
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            return TensorToWrite.FromFloats(parameter.Name, parameter.Shape, values, dtype);
        }));
    }
}
