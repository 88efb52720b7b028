namespace ConsistencyModels.Networks;

/// <summary>Derives the blocks of a network from its configuration, with diffusers' rules for channels and skip connections.</summary>
internal static class UNet2DBlocks
{
    public static IReadOnlyList<BlockDescription> Down(UNet2DConfig config)
    {
        var blocks = new List<BlockDescription>();
        var channels = config.BlockOutChannels[0];
        for (var level = 0; level < config.BlockOutChannels.Count; level++)
        {
            var input = channels;
            channels = config.BlockOutChannels[level];
            var name = $"down_blocks.{level}";
            var type = config.DownBlockTypes[level];
            var resnets = new List<ResnetDescription>();
            for (var layer = 0; layer < config.LayersPerBlock; layer++)
            {
                resnets.Add(new($"{name}.resnets.{layer}", layer == 0 ? input : channels, channels, ResampleKind.None, 1));
            }

            var last = level == config.BlockOutChannels.Count - 1;
            blocks.Add(new(
                name,
                resnets,
                type == "AttnDownBlock2D" ? Attentions(config, name, channels, resnets.Count) : [],
                last ? null : Resampler(name, channels, ResampleKind.Down, UsesResnet(type, config.DownsampleType))));
        }

        return blocks;
    }

    public static BlockDescription? Middle(UNet2DConfig config)
    {
        if (config.MidBlockType is null)
        {
            return null;
        }

        var channels = config.BlockOutChannels[^1];
        var scale = config.MidBlockScaleFactor;
        int? groups = config.AttnNormNumGroups ?? (config.ResnetTimeScaleShift == "default" ? config.NormNumGroups : null);
        return new(
            "mid_block",
            [
                new("mid_block.resnets.0", channels, channels, ResampleKind.None, scale),
                new("mid_block.resnets.1", channels, channels, ResampleKind.None, scale),
            ],
            config.AddAttention ? [Attention(config, "mid_block.attentions.0", channels, groups, scale)] : [],
            null);
    }

    public static IReadOnlyList<BlockDescription> Up(UNet2DConfig config)
    {
        var reversed = config.BlockOutChannels.Reverse().ToArray();
        var blocks = new List<BlockDescription>();
        var channels = reversed[0];
        for (var level = 0; level < reversed.Length; level++)
        {
            var previous = channels;
            channels = reversed[level];
            var last = level == reversed.Length - 1;
            // The finest skip connection of a level comes from the level above it, which is narrower.
            var finestSkip = reversed[Math.Min(level + 1, reversed.Length - 1)];
            var name = $"up_blocks.{level}";
            var type = config.UpBlockTypes[level];
            var resnets = new List<ResnetDescription>();
            for (var layer = 0; layer <= config.LayersPerBlock; layer++)
            {
                var skip = layer == config.LayersPerBlock ? finestSkip : channels;
                resnets.Add(new($"{name}.resnets.{layer}", (layer == 0 ? previous : channels) + skip, channels, ResampleKind.None, 1));
            }

            blocks.Add(new(
                name,
                resnets,
                type == "AttnUpBlock2D" ? Attentions(config, name, channels, resnets.Count) : [],
                last ? null : Resampler(name, channels, ResampleKind.Up, UsesResnet(type, config.UpsampleType))));
        }

        return blocks;
    }

    // Only the attention blocks read downsample_type and upsample_type; the others carry their kind in their name.
    private static bool UsesResnet(string blockType, string resampleType) => blockType switch
    {
        "ResnetDownsampleBlock2D" or "ResnetUpsampleBlock2D" => true,
        "AttnDownBlock2D" or "AttnUpBlock2D" => resampleType == "resnet",
        _ => false,
    };

    private static ResampleDescription Resampler(string block, int channels, ResampleKind kind, bool resnet)
    {
        var name = $"{block}.{(kind == ResampleKind.Down ? "downsamplers" : "upsamplers")}.0";
        return resnet
            ? new(new(name, channels, channels, kind, 1), null, channels, kind)
            : new(null, $"{name}.conv", channels, kind);
    }

    private static AttentionDescription[] Attentions(UNet2DConfig config, string block, int channels, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Attention(config, $"{block}.attentions.{i}", channels, config.NormNumGroups, 1))];

    private static AttentionDescription Attention(UNet2DConfig config, string name, int channels, int? groups, double scale)
    {
        var headDim = config.HeadDimFor(channels);
        return new(name, channels, headDim, channels / headDim, groups, scale);
    }
}
