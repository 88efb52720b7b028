using System.Diagnostics;
using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Bench;

/// <summary>
/// A .pt file against the safetensors file of the same weights: time and peak memory of opening, and of opening and reading
/// every tensor as float32. Each measurement is a process of its own; the formats take turns. The weights are the ImageNet-64
/// network's 1.18 GB of float32.
/// </summary>
internal static class CheckpointBench
{
    private const int Pairs = 7;

    /// <summary>Runs <c>checkpoint CONFIG [FOLDER]</c>, or <c>checkpoint measure FILE open|read</c>, which it calls itself by.</summary>
    public static int Run(string[] args)
    {
        if (args is ["measure", var file, var what])
        {
            Measure(file, read: what == "read");
            return 0;
        }

        if (args.Length == 0)
        {
            Console.Error.WriteLine("checkpoint CONFIG.json [FOLDER for 2.4 GB of files]");
            return 2;
        }

        var folder = args.Length > 1 ? args[1] : Path.GetTempPath();
        var (safetensors, torch) = Make(args[0], folder);
        foreach (var mode in (string[])["open", "read"])
        {
            Compare(mode, safetensors, torch);
        }

        return 0;
    }

    private static void Compare(string mode, string safetensors, string torch)
    {
        List<(double Ms, double Mb)> a = [], b = [];
        for (var pair = 0; pair <= Pairs; pair++)
        {
            var (first, second) = (Child(safetensors, mode), Child(torch, mode));
            if (pair > 0) // the first pair brings the files into the system's cache
            {
                a.Add(first);
                b.Add(second);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{mode}: safetensors {Median(a, m => m.Ms):F1} ms, {Median(a, m => m.Mb):F0} MB peak; torch {Median(b, m => m.Ms):F1} ms, {Median(b, m => m.Mb):F0} MB peak; "
            + $"time ratio {Median([.. a.Zip(b, (x, y) => (y.Ms / x.Ms, 0.0))], m => m.Item1):F2} (median of {Pairs} pairs), best against best {b.Min(m => m.Ms) / a.Min(m => m.Ms):F2}"));
    }

    private static (string Safetensors, string Torch) Make(string config, string folder)
    {
        var paths = (Path.Combine(folder, "bench-checkpoint.safetensors"), Path.Combine(folder, "bench-checkpoint.pt"));
        if (!File.Exists(paths.Item1) || !File.Exists(paths.Item2))
        {
            var random = new System.Random(1);
            TensorToWrite[] tensors =
            [
                .. UNet2DDescription.Of(UNet2DConfig.Load(config)).Parameters.Select(parameter =>
                {
                    var values = new float[parameter.Count];
                    random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan(0, Math.Min(values.Length, 1024))));
                    return TensorToWrite.FromFloats(parameter.Name, parameter.Shape, values);
                }),
            ];
            SafetensorsWriter.Write(paths.Item1, tensors);
            TorchFileWriter.Write(paths.Item2, tensors);
        }

        return paths;
    }

    private static void Measure(string file, bool read)
    {
        var watch = Stopwatch.StartNew();
        using var tensors = TensorFiles.Open(file);
        if (read)
        {
            var buffer = new float[tensors.Tensors.Values.Max(tensor => tensor.ElementCount)];
            foreach (var (name, info) in tensors.Tensors)
            {
                tensors.CopyTo(name, buffer.AsSpan(0, (int)info.ElementCount));
                tensors.Release(name);
            }
        }

        var ms = watch.Elapsed.TotalMilliseconds;
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ms} {peak}"));
    }

    private static (double Ms, double Mb) Child(string file, string mode)
    {
        using var process = Process.Start(ChildProcess.Again("checkpoint", "measure", file, mode))!;
        var parts = process.StandardOutput.ReadToEnd().Split(' ');
        process.WaitForExit();
        return (double.Parse(parts[0], CultureInfo.InvariantCulture), double.Parse(parts[1], CultureInfo.InvariantCulture) / 1024);
    }

    private static double Median<T>(IReadOnlyList<T> values, Func<T, double> of)
    {
        var sorted = values.Select(of).Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
