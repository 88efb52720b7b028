using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>What the tensors of a checkpoint tell about its network, whatever their names.</summary>
internal sealed record Architecture(
    int InChannels,
    int OutChannels,
    IReadOnlyList<int> Widths,
    IReadOnlyList<bool> Attention,
    int LayersPerBlock,
    bool ResnetResampling,
    bool ScaleShift,
    int? Classes)
{
    private const int PublishedHeadDim = 64;
    private const int Groups = 32;

    // cm/script_util.py: channel multipliers by image size; the last is guided-diffusion's for CIFAR.
    private static readonly (double[] Multipliers, int Size)[] PublishedSizes =
    [
        ([0.5, 1, 1, 2, 2, 4, 4], 512),
        ([1, 1, 2, 2, 4, 4], 256),
        ([1, 1, 2, 3, 4], 128),
        ([1, 2, 3, 4], 64),
        ([1, 2, 2, 2], 32),
    ];

    /// <summary>The configuration as diffusers writes it for converted checkpoints.</summary>
    public UNet2DConfig ToConfig(ModelOptions options)
    {
        var resample = UNet2DWords.ResampleType.WordFor(ResnetResampling ? ResamplerKind.Resnet : ResamplerKind.Convolution);
        BlockKind Block(bool attends) => attends ? BlockKind.Attention : ResnetResampling ? BlockKind.Resnet : BlockKind.Plain;

        return new UNet2DConfig
        {
            SampleSize = options.SampleSize ?? GuessSize(),
            InChannels = InChannels,
            OutChannels = OutChannels,
            BlockOutChannels = Widths,
            LayersPerBlock = LayersPerBlock,
            DownBlockTypes = [.. Attention.Select(attends => UNet2DWords.DownBlockType.WordFor(Block(attends)))],
            UpBlockTypes = [.. Attention.Reverse().Select(attends => UNet2DWords.UpBlockType.WordFor(Block(attends)))],
            DownsampleType = resample,
            UpsampleType = resample,
            ResnetTimeScaleShift = UNet2DWords.ResnetTimeScaleShift.WordFor(ScaleShift ? TimeConditioning.ScaleAndShift : TimeConditioning.Shift),
            AttentionHeadDim = options.HeadDim ?? GuessHeadDim(),
            NormNumGroups = Groups,
            AttnNormNumGroups = ScaleShift ? Groups : null, // with "default" diffusers takes norm_num_groups
            NumClassEmbeds = Classes,
        };
    }

    // Heads leave no trace in the tensors. Every published network has 64 channels per head; narrower ones the most that fits.
    private int GuessHeadDim()
    {
        int[] attended = [.. Widths.Where((_, level) => Attention[level]), Widths[^1]];
        var dim = PublishedHeadDim;
        while (attended.Any(width => width % dim != 0))
        {
            dim /= 2;
        }

        return dim;
    }

    // The size leaves no trace either: the published pattern of widths, else eight pixels at the coarsest level.
    private ImageSize GuessSize()
    {
        foreach (var (multipliers, size) in PublishedSizes)
        {
            var unit = Widths[0] / multipliers[0];
            if (multipliers.Length == Widths.Count && multipliers.Select((m, i) => m * unit == Widths[i]).All(same => same))
            {
                return new ImageSize(size, size);
            }
        }

        var fallback = 8 << Math.Min(Widths.Count - 1, 10);
        return new ImageSize(fallback, fallback);
    }
}
