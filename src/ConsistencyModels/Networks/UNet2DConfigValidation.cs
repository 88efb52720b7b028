namespace ConsistencyModels.Networks;

/// <summary>Refuses, by key, what a configuration asks for and this library does not have, and what contradicts itself.</summary>
internal static class UNet2DConfigValidation
{
    // The largest published network has 1.2 GB of weights; these bounds keep a hostile file from asking for terabytes.
    private const int MaxChannels = 16384;
    private const int MaxLevels = 12;
    private const int MaxLayers = 64;
    private const int MaxClasses = 1_000_000;

    public static void ThrowIfUnsupported(UNet2DConfig c, string origin = "UNet2DConfig")
    {
        void Check(bool ok, string key, object? found, string expected)
        {
            if (!ok)
            {
                throw new ConsistencyModelsException($"{origin}: {key} is {Show(found)}, expected {expected}");
            }
        }

        void OneOf(string key, string value, IReadOnlyList<string> allowed) =>
            Check(allowed.Contains(value), key, value, string.Join(" or ", allowed.Select(name => $"\"{name}\"")));

        void InRange(string key, long value, long low, long high) =>
            Check(value >= low && value <= high, key, value, $"{low} to {high}");

        var levels = c.BlockOutChannels.Count;
        InRange("block_out_channels' length", levels, 1, MaxLevels);
        Check(c.DownBlockTypes.Count == levels, "down_block_types' length", c.DownBlockTypes.Count, $"{levels}, as block_out_channels has");
        Check(c.UpBlockTypes.Count == levels, "up_block_types' length", c.UpBlockTypes.Count, $"{levels}, as block_out_channels has");
        foreach (var type in c.DownBlockTypes)
        {
            OneOf("down_block_types", type, UNet2DWords.DownBlockType.Words);
        }

        foreach (var type in c.UpBlockTypes)
        {
            OneOf("up_block_types", type, UNet2DWords.UpBlockType.Words);
        }

        Check(c.MidBlockType is null or "UNetMidBlock2D", "mid_block_type", c.MidBlockType, "\"UNetMidBlock2D\" or null");
        OneOf("time_embedding_type", c.TimeEmbeddingType, UNet2DWords.TimeEmbeddingType.Words);
        OneOf("downsample_type", c.DownsampleType, UNet2DWords.ResampleType.Words);
        OneOf("upsample_type", c.UpsampleType, UNet2DWords.ResampleType.Words);
        OneOf("act_fn", c.ActFn, ["silu", "swish"]);
        OneOf("resnet_time_scale_shift", c.ResnetTimeScaleShift, UNet2DWords.ResnetTimeScaleShift.Words);
        InRange("in_channels", c.InChannels, 1, MaxChannels);
        InRange("out_channels", c.OutChannels, 1, MaxChannels);
        InRange("layers_per_block", c.LayersPerBlock, 1, MaxLayers);
        InRange("downsample_padding", c.DownsamplePadding, 0, 1);
        InRange("norm_num_groups", c.NormNumGroups, 1, MaxChannels);
        InRange("freq_shift", c.FreqShift, 0, Math.Max(0, (c.BlockOutChannels[0] / 2) - 1));
        InRange("time_embedding_dim", c.TimeEmbeddingWidth, 1, 8 * MaxChannels);
        InRange("num_class_embeds", c.NumClassEmbeds ?? 1, 1, MaxClasses);
        InRange("attn_norm_num_groups", c.AttnNormNumGroups ?? 1, 1, MaxChannels);
        Check(c.NormEps is > 0 and < 1, "norm_eps", c.NormEps, "a number between 0 and 1");
        Check(c.Dropout is >= 0 and < 1, "dropout", c.Dropout, "a number from 0 to below 1");
        Check(c.MidBlockScaleFactor > 0 && double.IsFinite(c.MidBlockScaleFactor), "mid_block_scale_factor", c.MidBlockScaleFactor, "a positive number");
        Widths(c, levels, InRange, Check);
        if (c.SampleSize is { } size)
        {
            InRange("sample_size", Math.Min(size.Height, size.Width), 1, 8192);
            InRange("sample_size", Math.Max(size.Height, size.Width), 1, 8192);
            Check(
                size.Height % c.SpatialFactor == 0 && size.Width % c.SpatialFactor == 0,
                "sample_size",
                size,
                $"multiples of {c.SpatialFactor}, since {levels} levels halve the size {levels - 1} times");
        }
    }

    private static void Widths(UNet2DConfig c, int levels, Action<string, long, long, long> inRange, Action<bool, string, object?, string> check)
    {
        for (var level = 0; level < levels; level++)
        {
            var channels = c.BlockOutChannels[level];
            inRange("block_out_channels", channels, 1, MaxChannels);
            check(channels % c.NormNumGroups == 0, "block_out_channels", channels, $"multiples of norm_num_groups = {c.NormNumGroups}");
            inRange("attention_head_dim", c.HeadDimFor(channels), 1, UsesAttention(c, level) ? channels : int.MaxValue);
        }

        check(
            c.AttnNormNumGroups is not { } groups || c.BlockOutChannels[^1] % groups == 0,
            "attn_norm_num_groups",
            c.AttnNormNumGroups,
            $"a divisor of the last block's {c.BlockOutChannels[^1]} channels");
    }

    private static bool UsesAttention(UNet2DConfig c, int level) =>
        UNet2DWords.DownBlockType.ValueOf(c.DownBlockTypes[level]) == BlockKind.Attention
        || UNet2DWords.UpBlockType.ValueOf(c.UpBlockTypes[c.UpBlockTypes.Count - 1 - level]) == BlockKind.Attention
        || (level == c.BlockOutChannels.Count - 1 && c.MidBlockType is not null && c.AddAttention);

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        double number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}

/// <summary>The words of <c>config.json</c> and what they mean, by key; down- and upsample_type have the same.</summary>
internal static class UNet2DWords
{
    public static ConfigWords<TimeFeatures> TimeEmbeddingType { get; } =
        new(["positional", "fourier"], [TimeFeatures.Sinusoids, TimeFeatures.Fourier]);

    public static ConfigWords<TimeConditioning> ResnetTimeScaleShift { get; } =
        new(["default", "scale_shift"], [TimeConditioning.Shift, TimeConditioning.ScaleAndShift]);

    public static ConfigWords<BlockKind> DownBlockType { get; } =
        new(["DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"], [BlockKind.Plain, BlockKind.Attention, BlockKind.Resnet]);

    public static ConfigWords<BlockKind> UpBlockType { get; } =
        new(["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"], [BlockKind.Plain, BlockKind.Attention, BlockKind.Resnet]);

    public static ConfigWords<ResamplerKind> ResampleType { get; } =
        new(["conv", "resnet"], [ResamplerKind.Convolution, ResamplerKind.Resnet]);
}

/// <summary>What a block is made of.</summary>
internal enum BlockKind
{
    /// <summary>Residual blocks; a convolution changes the size.</summary>
    Plain,

    /// <summary>Residual blocks, each with attention behind it; the configuration says what changes the size.</summary>
    Attention,

    /// <summary>Residual blocks; one more of them changes the size.</summary>
    Resnet,
}

/// <summary>What changes the size at the end of a block.</summary>
internal enum ResamplerKind
{
    /// <summary>A convolution.</summary>
    Convolution,

    /// <summary>A residual block.</summary>
    Resnet,
}

/// <summary>The words a key may have, each with its meaning.</summary>
internal sealed class ConfigWords<T>(string[] words, T[] values)
    where T : struct, Enum
{
    /// <summary>All words.</summary>
    public IReadOnlyList<string> Words => words;

    /// <summary>What a word means; validation has refused all others.</summary>
    public T ValueOf(string word) => values[Array.IndexOf(words, word)];

    /// <summary>The word for something.</summary>
    public string WordFor(T value) => words[Array.IndexOf(values, value)];
}
