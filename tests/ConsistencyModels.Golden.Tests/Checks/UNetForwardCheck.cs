using System.Globalization;
using System.Text.Json;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>diffusers' UNet2DModel.forward on a folder of its own format: with a timestep for each image, and with one for all.</summary>
internal sealed class UNetForwardCheck : IGoldenCheck
{
    private const double Absolute = 1e-4;
    private const string OneTimestep = "out_timestep_";

    public string Kind => "unet_forward";

    public void Check(GoldenCase golden)
    {
        golden.Json.Ignore("rounding_floor", "how far float32 is from float64 in the reference: what the tolerance is chosen by");
        golden.Json.Ignore("intermediate_statistics", "for finding where two networks part; no engine shows what is inside");
        var path = Path.Combine(golden.Folder, "config.json");
        var config = UNet2DConfig.Load(path);
        IsAsGiven(golden, path);
        Assert.Equal(golden.Json.Get("num_parameters").GetInt64(), UNet2DDescription.Of(config).ParameterCount);
        using var weights = TensorFiles.Open(Path.Combine(golden.Folder, golden.Json.Text("weights_file")));
        var type = weights.Tensors.Values.First().DType == TensorDType.F16 ? "float16" : "float32";
        Assert.StartsWith(type, golden.Json.Text("weights_dtype"), StringComparison.Ordinal);

        var outputs = golden.Names("out");
        Assert.Contains("out", outputs);
        foreach (var engine in Engines.All)
        {
            using var network = engine.Load(config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
            foreach (var name in outputs)
            {
                Near.Equal(golden.Floats(name), Forward(golden, network, Timesteps(golden, name)), 0, Absolute, $"{engine.Name}: {name}");
            }
        }
    }

    // The file holds the class and whatever the network was made with.
    private static void IsAsGiven(GoldenCase golden, string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        Assert.Equal(golden.Json.Text("disk_config_class"), document.RootElement.GetProperty("_class_name").GetString());
        foreach (var given in golden.Json.Get("config_given").EnumerateObject())
        {
            Assert.True(
                document.RootElement.TryGetProperty(given.Name, out var written) && JsonElement.DeepEquals(given.Value, written),
                $"config_given.{given.Name} is {given.Value}; the file has another value, or none");
        }
    }

    private static float[] Forward(GoldenCase golden, IUNet network, float[] timesteps)
    {
        var size = golden.Shape("sample");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        var output = new float[(shape with { Channels = network.Config.OutChannels }).Length];
        network.Forward(golden.Floats("sample"), shape, timesteps, golden.Labels("class_labels"), output, TestContext.Current.CancellationToken);
        return output;
    }

    // "out" has the recorded tensor of timesteps. The others say what was passed in their name: out_timestep_int_7,
    // out_timestep_f64_1095_506659, out_timestep_float_250_5. The reference cuts a Python float to a whole number; our
    // networks take floats as they are, so there the whole number is what has to be passed.
    private static float[] Timesteps(GoldenCase golden, string output)
    {
        if (output == "out")
        {
            return golden.Floats("timestep");
        }

        Assert.StartsWith(OneTimestep, output, StringComparison.Ordinal);
        var parts = output[OneTimestep.Length..].Split('_');
        var value = double.Parse(string.Join('.', parts[1..]), CultureInfo.InvariantCulture);
        Assert.Contains(parts[0], new[] { "float", "int", "f64" });
        return [(float)(parts[0] == "float" ? Math.Truncate(value) : value)];
    }
}
