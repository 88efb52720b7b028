using System.Globalization;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>diffusers' UNet2DModel.forward on a folder of its own format: with a timestep an image, and with one for all.</summary>
internal sealed class UNetForwardCheck : IGoldenCheck
{
    private const double Absolute = 1e-4;
    private const string OneTimestep = "out_timestep_";

    public string Kind => "unet_forward";

    public void Check(GoldenCase golden)
    {
        var config = UNet2DConfig.Load(Path.Combine(golden.Folder, "config.json"));
        Assert.Equal(golden.Json.GetProperty("num_parameters").GetInt64(), UNet2DDescription.Of(config).ParameterCount);
        using var weights = WeightFiles.Open(golden.Folder);
        var outputs = golden.Json.GetProperty("tensors").GetProperty("outputs").EnumerateObject().Select(output => output.Name).ToList();
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

    private static float[] Forward(GoldenCase golden, IUNet network, float[] timesteps)
    {
        var size = golden.Shape("sample");
        var shape = new ImageShape(size[0], size[1], size[2], size[3]);
        int[] labels = golden.Has("class_labels") ? [.. golden.Longs("class_labels").Select(label => checked((int)label))] : [];
        var output = new float[(shape with { Channels = network.Config.OutChannels }).Length];
        network.Forward(golden.Floats("sample"), shape, timesteps, labels, output, TestContext.Current.CancellationToken);
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
