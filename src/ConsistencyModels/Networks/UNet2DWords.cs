namespace ConsistencyModels.Networks;

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
