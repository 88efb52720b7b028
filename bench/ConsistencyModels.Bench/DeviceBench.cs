using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace ConsistencyModels.Bench;

/// <summary>
/// A network on a device of libtorch, as rows of JSON that tools/gpu/compare.py writes for PyTorch too. Three amounts of work
/// each: the network on tensors that are there (network), from floats of the CPU to floats of the CPU (forward), and a whole
/// one-step generation from a seed (generate).
/// </summary>
internal static class DeviceBench
{
    private const int Fewest = 5;

    public static int Run(string[] args)
    {
        if (args is not [var device, var folder, var dtypes, var batches, var seconds, var file])
        {
            return 2;
        }

        using var model = ModelReader.Open(folder);
        using var weights = model.OpenWeights();
        var least = TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
        int[] sizes = [.. batches.Split(',').Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
        var rows = new List<Row>();
        foreach (var word in dtypes.Split(','))
        {
            var dtype = word == "bf16" ? TensorDType.BF16 : TensorDType.F32;
            var options = new EngineOptions { Device = device, DType = dtype };
            TorchDevice.Prepare(device);
            var where = TorchDevice.Parse(device);
            var network = new UNet2DModel(UNet2DDescription.Of(model.Config), where, dtype == TensorDType.BF16 ? ScalarType.BFloat16 : ScalarType.Float32);
            ParameterFiller.Load(network, weights);
            using var pipeline = new ConsistencyModelPipeline(new TorchUNet(network), model.Scheduler);
            foreach (var batch in sizes)
            {
                Measure(rows, new Row(word, batch, "network", []), least, OnDevice(network, where, batch));
                Measure(rows, new Row(word, batch, "forward", []), least, FromFloats(pipeline.Network, batch));
                Measure(rows, new Row(word, batch, "generate", []), least, () => Generate(pipeline, batch));
            }

            // Last, because it changes libtorch's settings.
            rows.AddRange(Error(weights, pipeline.Network, word, options));
        }

        File.WriteAllText(file, JsonSerializer.Serialize(rows.Select(row => new { row.DType, row.Batch, row.What, row.Seconds })));
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.DType} batch {row.Batch} {row.What}: {Report.Median(row.Seconds):G4}"));
        }

        return 0;
    }

    // How far the device's arithmetic is from the CPU engine's float32, at the largest value of the output: with TF32 as the engine
    // sets it, and without.
    private static IEnumerable<Row> Error(ITensorSource weights, IUNet network, string dtype, EngineOptions options)
    {
        using var reference = new CpuEngine().Load(network.Config, weights, new EngineOptions());
        var expected = Output(reference);
        yield return new(dtype, 1, "error", [Difference(expected, Output(network))]);
        if (options.DType == TensorDType.F32 && options.Device != "cpu")
        {
            backends.cuda.matmul.allow_tf32 = false;
            backends.cudnn.allow_tf32 = false;
            yield return new(dtype, 1, "error without TF32", [Difference(expected, Output(network))]);
            backends.cuda.matmul.allow_tf32 = true;
            backends.cudnn.allow_tf32 = true;
        }
    }

    private static double Difference(float[] expected, float[] found) =>
        expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);

    private static void Measure(List<Row> rows, Row row, TimeSpan least, Action work)
    {
        // Choice of algorithms, memory of the allocator, compilation of this code.
        for (var i = 0; i < Fewest; i++)
        {
            work();
        }

        var seconds = new List<double>();
        var clock = Stopwatch.StartNew();
        while (seconds.Count < Fewest || clock.Elapsed < least)
        {
            var start = clock.Elapsed;
            work();
            seconds.Add((clock.Elapsed - start).TotalSeconds);
        }

        rows.Add(row with { Seconds = seconds });
    }

    private static Action OnDevice(UNet2DModel network, Device device, int batch)
    {
        var (shape, values) = Sample(network.Description.Config, batch);
        var x = tensor(values, [shape.Batch, shape.Channels, shape.Height, shape.Width]).to(network.FlatParameters.dtype, device);
        var t = full([batch], 500f, ScalarType.Float32).to(device);
        var labels = network.Description.Config.NumClassEmbeds is null ? null : zeros([batch], ScalarType.Int64).to(device);
        return () =>
        {
            using var scope = NewDisposeScope();
            using var inference = inference_mode();
            network.forward(x, t, labels);
            if (device.type == DeviceType.CUDA)
            {
                cuda.synchronize(device);
            }
        };
    }

    private static Action FromFloats(IUNet network, int batch)
    {
        var (shape, values) = Sample(network.Config, batch);
        var labels = new int[network.Config.NumClassEmbeds is null ? 0 : batch];
        var output = new float[(shape with { Channels = network.Config.OutChannels }).Length];
        return () => network.Forward(values, shape, [500], labels, output);
    }

    private static float[] Output(IUNet network)
    {
        var (shape, values) = Sample(network.Config, 1);
        var output = new float[(shape with { Channels = network.Config.OutChannels }).Length];
        network.Forward(values, shape, [500], network.Config.NumClassEmbeds is null ? [] : [0], output);
        return output;
    }

    private static void Generate(ConsistencyModelPipeline pipeline, int batch) =>
        pipeline.Generate(new() { BatchSize = batch, NumInferenceSteps = 1, Seed = 0, OutputType = OutputType.Raw });

    private static (ImageShape Shape, float[] Values) Sample(UNet2DConfig config, int batch)
    {
        var size = config.SampleSize!.Value;
        var shape = new ImageShape(batch, config.InChannels, size.Height, size.Width);
        var values = new float[shape.Length];
        new TorchGenerator(1).Randn(values);
        return (shape, values);
    }

    private sealed record Row(string DType, int Batch, string What, IReadOnlyList<double> Seconds);
}
