using ConsistencyModels.Networks;

namespace ConsistencyModels.Testing;

/// <summary>The networks of <see cref="TrainableContract"/>: small, and between them every operation and every kind of parameter.</summary>
internal static class TrainableNetworks
{
    /// <summary>As the published ImageNet-64 model: classes, resnets that resample, attention, scale and shift.</summary>
    private static readonly UNet2DConfig Conditional = new()
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
        Dropout = 0.2,
    };

    /// <summary>As DDPM's: convolutions that resample, the embedding added, the sample centred.</summary>
    private static readonly UNet2DConfig Plain = new()
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

    /// <summary>Fixed random frequencies, and no middle block.</summary>
    private static readonly UNet2DConfig Fourier = Plain with { TimeEmbeddingType = "fourier", MidBlockType = null };

    /// <summary>Widths that fill no block of a vector, an oblong picture, other channels out than in, every residual divided.</summary>
    private static readonly UNet2DConfig Odd = Conditional with
    {
        SampleSize = new(4, 12),
        InChannels = 2,
        OutChannels = 5,
        BlockOutChannels = [9, 21],
        NormNumGroups = 3,
        AttnNormNumGroups = 3,
        AttentionHeadDim = 7,
        DownBlockTypes = ["DownBlock2D", "ResnetDownsampleBlock2D"],
        UpBlockTypes = ["ResnetUpsampleBlock2D", "AttnUpBlock2D"],
        DownsampleType = "conv",
        UpsampleType = "conv",
        MidBlockScaleFactor = 1.5,
        ResnetTimeScaleShift = "default",
        Dropout = 0,
    };

    /// <summary>The configurations by name.</summary>
    public static UNet2DConfig Named(string name) => name switch
    {
        "conditional" => Conditional,
        "plain" => Plain,
        "fourier" => Fourier,
        "odd" => Odd,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
