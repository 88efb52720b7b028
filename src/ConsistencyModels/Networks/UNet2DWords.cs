namespace ConsistencyModels.Networks;

/// <summary>The words that <c>config.json</c> has for kinds of things, and what they mean.</summary>
internal static class UNet2DWords
{
    public static ConfigWords<TimeFeatures> TimeEmbedding { get; } = new(("positional", TimeFeatures.Sinusoids), ("fourier", TimeFeatures.Fourier));

    public static ConfigWords<TimeConditioning> TimeConditioning { get; } =
        new(("default", Networks.TimeConditioning.Shift), ("scale_shift", Networks.TimeConditioning.ScaleAndShift));

    public static ConfigWords<BlockKind> DownBlock { get; } =
        new(("DownBlock2D", BlockKind.Plain), ("AttnDownBlock2D", BlockKind.Attention), ("ResnetDownsampleBlock2D", BlockKind.Resnet));

    public static ConfigWords<BlockKind> UpBlock { get; } =
        new(("UpBlock2D", BlockKind.Plain), ("AttnUpBlock2D", BlockKind.Attention), ("ResnetUpsampleBlock2D", BlockKind.Resnet));

    public static ConfigWords<ResamplerKind> Resampler { get; } = new(("conv", ResamplerKind.Convolution), ("resnet", ResamplerKind.Resnet));
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
internal sealed class ConfigWords<T>(params (string Word, T Value)[] pairs)
    where T : struct, Enum
{
    /// <summary>All words.</summary>
    public IReadOnlyList<string> Words { get; } = [.. pairs.Select(pair => pair.Word)];

    /// <summary>What a word means; validation has refused all others.</summary>
    public T ValueOf(string word) => pairs.First(pair => pair.Word == word).Value;

    /// <summary>The word for something.</summary>
    public string WordFor(T value) => pairs.First(pair => pair.Value.Equals(value)).Word;
}
