using System.Text.Json;
using ConsistencyModels.Cpu;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Torch;
using ConsistencyModels.Training.Objectives;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Steps;

namespace ConsistencyModels.Golden.Tests.Training;

/// <summary>What the recorded training cases of openai's code have in common.</summary>
internal static class TrainingCases
{
    internal static string Device { get; } = Environment.GetEnvironmentVariable("CM_TEST_DEVICE") is { Length: > 0 } device ? device : "cpu";

    internal static ImageShape ShapeOf(GoldenCase golden, string tensor)
    {
        var size = golden.Shape(tensor);
        return new(size[0], size[1], size[2], size[3]);
    }

    /// <summary>A batch whose draws of a grid's places are given.</summary>
    internal static TrainingBatch Batch(ImageShape shape, float[] images, float[] noise, int[] labels, long[]? places = null, int of = 1, float[]? normals = null) => new(
        shape, images, labels, noise, normals ?? new float[shape.Batch], places is null ? new float[shape.Batch] : Array.ConvertAll(places, place => (place + 0.5f) / of), DropoutSeed: 0);

    internal static Model Open(GoldenCase golden, string role)
    {
        var openAi = golden.Json.Object("unet_config");
        var size = openAi.Int("image_size");
        var options = new ModelOptions { HeadDim = openAi.Int("num_head_channels"), SampleSize = new ImageSize(size, size) };
        var model = ModelReader.Open(Path.Combine(golden.Folder, golden.Json.Object("weights").Text(role)), options);
        Checks.OpenAiArchitecture.IsOf(openAi, model.Config);
        return model;
    }

    /// <summary>Every engine that trains: what a network learns is checked for each.</summary>
    internal static IReadOnlyList<ITrainingEngine> Engines { get; } = Device == "cpu" ? [new CpuEngine(), new TorchEngine()] : [new TorchEngine()];

    /// <summary>A network to train with a case's weights.</summary>
    internal static ITrainableUNet Trainable(ITrainingEngine engine, GoldenCase golden)
    {
        using var model = Open(golden, "model");
        var network = engine.Create(UNet2DDescription.Of(model.Config), new EngineOptions { Device = Device });
        if (Device != "cpu")
        {
            TorchSharp.torch.backends.cuda.matmul.allow_tf32 = false;
            TorchSharp.torch.backends.cudnn.allow_tf32 = false;
        }

        using var weights = model.OpenWeights();
        ParameterFiles.Load(network.Description, network.Parameters, weights);
        return network;
    }

    /// <summary>A teacher, on the engine that a run takes for one on a CPU.</summary>
    internal static IUNet Load(Model model)
    {
        using var weights = model.OpenWeights();
        return new CpuEngine().Load(model.Config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
    }

    /// <summary>The parameters of another of a case's files, in a buffer of the network.</summary>
    internal static IParameterBuffer Buffer(GoldenCase golden, ITrainableUNet network, string role)
    {
        using var model = Open(golden, role);
        using var weights = model.OpenWeights();
        var buffer = network.NewBuffer();
        ParameterFiles.Load(network.Description, buffer, weights);
        return buffer;
    }

    internal static LossWeighting Weighting(string name) => name switch
    {
        "uniform" => LossWeighting.Uniform,
        "snr" => LossWeighting.Snr,
        "snr+1" => LossWeighting.SnrPlusOne,
        "karras" => LossWeighting.Karras,
        "truncated-snr" => LossWeighting.TruncatedSnr,
        _ => throw new InvalidOperationException($"No weight schedule is called {name}."),
    };

    internal static IMetric Metric(string name) => name switch
    {
        "l1" => new L1Metric(),
        "l2" => new L2Metric(),
        "l2-32" => new ResizedMetric(new L2Metric(), 32),
        _ => throw new InvalidOperationException($"No metric is called {name}."),
    };

    /// <summary>Asserts the recorded gradients: norms and first values of every parameter, and whole tensors where they are there.</summary>
    internal static void HasGradients(GoldenCase golden, ITrainableUNet network, double relative)
    {
        using var source = ParameterFiles.AsTensors(network.Description, network.Gradients);
        var gradients = OpenAiTensors(source, network.Description.Config);
        var scale = gradients.Values.Max(values => values.Max(Math.Abs));
        var recorded = golden.Json.Get("gradients").EnumerateObject().ToList();
        Assert.Equal(recorded.Select(property => property.Name).Order(StringComparer.Ordinal), gradients.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, expected) in recorded.Select(property => (property.Name, property.Value)))
        {
            var norm = Math.Sqrt(gradients[name].Sum(value => (double)value * value));
            Near.Equal([expected.GetProperty("norm").GetDouble()], [norm], relative, relative * scale * 1e-2, $"norm of the gradient of {name}");
            double[] first = [.. expected.GetProperty("first3").EnumerateArray().Select(value => value.GetDouble())];
            Near.Equal(first, [.. gradients[name].Take(first.Length).Select(value => (double)value)], relative, relative * (norm + (scale * 1e-2)), $"gradient of {name}");
        }

        foreach (var name in golden.Names("grad."))
        {
            Near.EqualToScale(golden.Floats(name), gradients[name["grad.".Length..]], relative, name);
        }
    }

    /// <summary>Tensors of a network under openai's names.</summary>
    internal static Dictionary<string, float[]> OpenAiTensors(Checkpoints.ITensorSource source, UNet2DConfig config)
    {
        Dictionary<string, float[]> tensors = [];
        foreach (var tensor in Models.ParameterNaming.OpenAiWeights.FromDiffusers(source, config, Checkpoints.TensorDType.F32))
        {
            using var stream = new MemoryStream();
            tensor.Write(stream);
            tensors.Add(tensor.Info.Name, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray());
        }

        return tensors;
    }

    internal static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];
}
