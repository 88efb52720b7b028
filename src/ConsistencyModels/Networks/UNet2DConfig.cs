using System.Text.Json;
using ConsistencyModels.Files;

namespace ConsistencyModels.Networks;

/// <summary>
/// The configuration of a UNet2DModel: the keys, defaults and meaning of diffusers' <c>unet/config.json</c>.
/// What this library cannot honour is refused by name when a configuration is read or a network described.
/// Two configurations are equal if everything in them is, lists by their elements.
/// </summary>
public sealed partial record UNet2DConfig
{
    /// <summary>Size the network was made for (<c>sample_size</c>: one number, or [height, width]); null if not stated.</summary>
    public ImageSize? SampleSize { get; init; }

    /// <summary>Channels of the input image.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the output.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Map the input x to 2x - 1 first.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>"positional" (sinusoids) or "fourier" (fixed random frequencies of ln t; the output is then divided by t).</summary>
    public string TimeEmbeddingType { get; init; } = "positional";

    /// <summary>Width of the time embedding; null means four times the first block's channels.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>Shift in the exponent of the sinusoids' frequencies: 0 for the published models, 1 for DDPM's.</summary>
    public int FreqShift { get; init; }

    /// <summary>Cosines first, then sines.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>DownBlock2D, AttnDownBlock2D or ResnetDownsampleBlock2D for each level, finest first.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init => field = ValueList<string>.Of(value); } =
        ValueList<string>.Of(["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"]);

    /// <summary>"UNetMidBlock2D", or null for none.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2D";

    /// <summary>UpBlock2D, AttnUpBlock2D or ResnetUpsampleBlock2D for each level, coarsest first.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init => field = ValueList<string>.Of(value); } =
        ValueList<string>.Of(["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"]);

    /// <summary>Channels of each level, finest first.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init => field = ValueList<int>.Of(value); } =
        ValueList<int>.Of([224, 448, 672, 896]);

    /// <summary>Residual blocks per level on the way down; one more per level on the way up.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>The middle block's outputs (and attention) are divided by this.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    /// <summary>Padding of strided convolutions: 1, or 0 for one row and column of zeros at the far edges only.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>How AttnDownBlock2D halves the size: "conv" or "resnet".</summary>
    public string DownsampleType { get; init; } = "conv";

    /// <summary>How AttnUpBlock2D doubles the size: "conv" or "resnet".</summary>
    public string UpsampleType { get; init; } = "conv";

    /// <summary>Dropout inside residual blocks while training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Activation: "silu" or its other name "swish".</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Channels of an attention head; null means one head.</summary>
    public int? AttentionHeadDim { get; init; } = 8;

    /// <summary>Groups of the group normalizations.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Groups of the middle attention's normalization; null means <see cref="NormNumGroups"/>, or none at all with "scale_shift".</summary>
    public int? AttnNormNumGroups { get; init; }

    /// <summary>Epsilon of the normalizations.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>"default" (time embedding added) or "scale_shift" (it scales and shifts the second normalization).</summary>
    public string ResnetTimeScaleShift { get; init; } = "default";

    /// <summary>Attention in the middle block.</summary>
    public bool AddAttention { get; init; } = true;

    /// <summary>Number of classes, or null for an unconditional network.</summary>
    public int? NumClassEmbeds { get; init; }

    /// <summary>Keys of the file that mean nothing here; they are written back as they were.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extras { get; init => field = ValueExtras.Of(value); } = ValueExtras.None;

    /// <summary>Heights and widths must be multiples of this: the size is halved between levels.</summary>
    public int SpatialFactor => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Width of the time embedding in use.</summary>
    public int TimeEmbeddingWidth => TimeEmbeddingDim ?? BlockOutChannels[0] * 4;

    /// <summary>Channels of one attention head in a block of that many channels.</summary>
    public int HeadDimFor(int channels) => AttentionHeadDim ?? channels;
}
