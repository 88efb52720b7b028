using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch;

namespace ConsistencyModels.Bench;

/// <summary>
/// The gradients of the published networks, at their full size and batch 1, on the CPU engine and on libtorch: how far apart they are, and what they
/// take. Too much memory and time for a test.
/// </summary>
internal static class GradientsBench
{
    private const string Torch = "torch";
    private const string Cpu = "cpu";
    private const double Tolerance = 1e-4;

    public static int Run(string[] args)
    {
        if (args is ["contender", var engine, var named, var output])
        {
            return Contend(engine == Cpu ? new CpuEngine() : new TorchEngine(), DescriptionOf(named), output);
        }

        var (file, rest) = Report.Arguments(args);
        string[] networks = rest.Length > 0 ? rest : ["imagenet64"];
        var report = new Report("Gradients of the published networks")
            .Line($"Batch 1, weights of a seeded generator with no residual at zero; each engine in a process of its own, one after the other. The error of a parameter or of the sample is the largest difference as a part of the largest value that libtorch has for it, both in single precision.\n")
            .Line($"| network | parameters | largest error | middle error | above 1e-4 | forward and backward, libtorch | CPU engine | peak memory, libtorch | CPU engine |\n|---|---|---|---|---|---|---|---|---|");
        foreach (var network in networks)
        {
            Row(report, network);
        }

        report.Publish(file);
        return 0;
    }

    private static void Row(Report report, string name)
    {
        var folder = Directory.CreateTempSubdirectory("gradients").FullName;
        try
        {
            var (torchFile, cpuFile) = (Path.Combine(folder, Torch), Path.Combine(folder, Cpu));
            var torch = Numbers(ChildProcess.RunAgain("gradients", "contender", Torch, name, torchFile).LastLine);
            var cpu = Numbers(ChildProcess.RunAgain("gradients", "contender", Cpu, name, cpuFile).LastLine);
            var description = DescriptionOf(name);
            var errors = Errors(description, torchFile, cpuFile).OrderByDescending(one => one.Error).ToArray();
            foreach (var (part, error) in errors.Take(5))
            {
                Console.Error.WriteLine($"{part}: {error:E1}");
            }

            report.Line($"| {name} | {description.ParameterCount / 1e6:F0} M in {errors.Length} | {errors[0].Error:E1} | {errors[errors.Length / 2].Error:E1} | {errors.Count(one => one.Error > Tolerance)} | {torch[0]:F1} s | {cpu[0]:F1} s | {torch[1] / 1e6:F1} GB | {cpu[1] / 1e6:F1} GB |");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<(string Part, double Error)> Errors(UNet2DDescription description, string expectedFile, string foundFile)
    {
        using var expected = File.OpenRead(expectedFile);
        using var found = File.OpenRead(foundFile);
        var before = 0.0;
        foreach (var (part, count) in description.Parameters.Select(parameter => (parameter.Name, (int)parameter.Count)).Append(("the sample", ShapeOf(description).Length)))
        {
            var (one, other) = (Read(expected, count), Read(found, count));
            var own = one.Max(Math.Abs);

            // Zero but for rounding, such as what adds one number to all of a query's scores: measured by what is beside it.
            var scale = before = own < 1e-5 * before ? before : own;
            yield return (part, one.Zip(other, (a, b) => float.IsNaN(b) ? double.PositiveInfinity : Math.Abs((double)a - b)).Max() / scale);
        }
    }

    private static float[] Read(FileStream file, int count)
    {
        var values = new float[count];
        file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static int Contend(ITrainingEngine engine, UNet2DDescription description, string output)
    {
        using var network = engine.Create(description, new EngineOptions());
        TrainingLoop.Fill(network, description);
        var shape = ShapeOf(description);
        var (sample, direction) = (new float[shape.Length], new float[(shape with { Channels = description.Config.OutChannels }).Length]);
        var generator = new TorchGenerator(5);
        generator.Randn(sample);
        generator.Randn(direction);
        var clock = Stopwatch.StartNew();
        var gradient = new float[sample.Length];
        using (var pass = network.Forward(new(sample, shape, [250f], description.Config.NumClassEmbeds is null ? [] : [7]) { WantsGradient = true }, 0, new float[direction.Length]))
        {
            pass.Backward(direction, gradient);
        }

        var seconds = clock.Elapsed.TotalSeconds;
        using (var file = File.Create(output))
        {
            var offset = 0L;
            foreach (var parameter in description.Parameters)
            {
                var values = new float[parameter.Count];
                network.Gradients.Read(offset, values);
                file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
                offset += values.Length;
            }

            file.Write(MemoryMarshal.AsBytes(gradient.AsSpan()));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:R} {ChildProcess.PeakKilobytes()}"));
        return 0;
    }

    private static UNet2DDescription DescriptionOf(string preset) => UNet2DDescription.Of(NetworkPresets.Load(preset));

    private static ImageShape ShapeOf(UNet2DDescription description) =>
        new(1, description.Config.InChannels, description.Config.SampleSize!.Value.Height, description.Config.SampleSize.Value.Width);

    private static double[] Numbers(string line) => [.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
}
