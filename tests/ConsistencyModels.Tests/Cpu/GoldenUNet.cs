using System.Buffers.Binary;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>A recorded network with inputs and outputs of the original.</summary>
internal sealed class GoldenUNet : IDisposable
{
    public static readonly string[] Names =
    [
        "cond_scale_shift_4level", "ddpm_conv_defaults", "ddpm_conv_pad0", "mixed_resnet_conv", "test_config", "uncond_default_6level",
    ];

    public GoldenUNet(string name)
    {
        var folder = RepositoryFiles.Golden("unet", name);
        Config = UNet2DConfig.Load(Path.Combine(folder, "config.json"));
        Weights = SafetensorsFile.Open(Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        var shape = io.Tensors["sample"].Shape;
        Shape = new ImageShape((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        Sample = Floats(io, "sample");
        Timesteps = Floats(io, "timestep");
        Expected = Floats(io, "out");
        Labels = io.Tensors.ContainsKey("class_labels") ? Ints(io, "class_labels") : [];
    }

    public UNet2DConfig Config { get; }

    public ITensorSource Weights { get; }

    public ImageShape Shape { get; }

    public float[] Sample { get; }

    public float[] Timesteps { get; }

    public int[] Labels { get; }

    public float[] Expected { get; }

    public void Dispose() => Weights.Dispose();

    private static float[] Floats(ITensorSource source, string name)
    {
        var values = new float[source.Tensors[name].ElementCount];
        source.CopyTo(name, values);
        return values;
    }

    private static int[] Ints(ITensorSource source, string name)
    {
        var bytes = source.Bytes(name);
        var values = new int[bytes.Length / sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
        }

        return values;
    }
}
