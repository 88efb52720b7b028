using ConsistencyModels.Checkpoints;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Torch.Tests;

/// <summary>Small networks of every kind, and checkpoints of them.</summary>
internal static class Networks
{
    /// <summary>Class-conditional, as the published ImageNet-64 model is: resnet resampling, attention, scale_shift.</summary>
    internal static UNet2DConfig Conditional { get; } = new()
    {
        SampleSize = new(8, 8),
        DownBlockTypes = ["ResnetDownsampleBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "ResnetUpsampleBlock2D"],
        DownsampleType = "resnet",
        UpsampleType = "resnet",
        BlockOutChannels = [16, 32],
        NormNumGroups = 8,
        AttentionHeadDim = 8,
        LayersPerBlock = 1,
        ResnetTimeScaleShift = "scale_shift",
        NumClassEmbeds = 5,
    };

    /// <summary>Unconditional, as DDPM's are: convolutions for resampling, the embedding added, no padding but at the far edges.</summary>
    internal static UNet2DConfig Plain { get; } = new()
    {
        SampleSize = new(8, 8),
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
        DownsamplePadding = 0,
        BlockOutChannels = [16, 32],
        NormNumGroups = 8,
        AttentionHeadDim = null,
        LayersPerBlock = 1,
        FreqShift = 1,
        FlipSinToCos = false,
        CenterInputSample = true,
        Dropout = 0.3,
    };

    /// <summary>With fixed random frequencies of ln t, and without a middle block.</summary>
    internal static UNet2DConfig Fourier { get; } = Plain with { TimeEmbeddingType = "fourier", MidBlockType = null };

    internal static UNet2DConfig Named(string name) => name switch
    {
        nameof(Conditional) => Conditional,
        nameof(Plain) => Plain,
        nameof(Fourier) => Fourier,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>A fresh network in memory; the caller disposes it.</summary>
    internal static UNet2DModel Make(UNet2DConfig config, bool trainable = false, TorchSharp.torch.ScalarType dtype = TorchSharp.torch.ScalarType.Float32)
    {
        var network = new UNet2DModel(UNet2DDescription.Of(config), dtype: dtype, trainable: trainable);
        ParameterFiller.Initialize(network, new TorchGenerator(7), zeroResiduals: false);
        return network;
    }

    /// <summary>The tensors of a fresh network under diffusers' names.</summary>
    internal static IEnumerable<TensorToWrite> Weights(UNet2DConfig config)
    {
        var generator = new TorchGenerator(7);
        foreach (var parameter in UNet2DDescription.Of(config).Parameters)
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            yield return TensorToWrite.FromFloats(parameter.Name, parameter.Shape, values);
        }
    }

    /// <summary>Runs images of noise, each with its own timestep and class.</summary>
    internal static float[] Run(IUNet network, int batch = 3, int first = 0)
    {
        var shape = Shape(network.Config, batch);
        var sample = new float[shape.WithBatch(first + batch).Length];
        new TorchGenerator(11).Randn(sample);
        var timesteps = Enumerable.Range(first, batch).Select(i => 100f + (370 * i)).ToArray();
        int[] labels = network.Config.NumClassEmbeds is { } classes ? [.. Enumerable.Range(first, batch).Select(i => i % classes)] : [];
        var output = new float[shape.Length];
        network.Forward(sample.AsSpan(first * shape.ImageLength), shape, timesteps, labels, output);
        return output;
    }

    internal static ImageShape Shape(UNet2DConfig config, int batch) =>
        new(batch, config.InChannels, config.SampleSize!.Value.Height, config.SampleSize.Value.Width);

    internal static float LargestDifference(float[] a, float[] b)
    {
        Assert.Equal(a.Length, b.Length);
        return a.Zip(b).Max(pair => float.IsNaN(pair.First - pair.Second) ? float.PositiveInfinity : Math.Abs(pair.First - pair.Second));
    }
}
