using ConsistencyModels.Networks;

namespace ConsistencyModels.Golden.Tests.Checks;

/// <summary>The arguments of openai's UNetModel, and what each of them means in a configuration found from the tensors alone.</summary>
internal static class OpenAiArchitecture
{
    internal static void IsOf(GoldenArguments openAi, UNet2DConfig config)
    {
        var size = openAi.Int("image_size");
        Assert.Equal(new ImageSize(size, size), config.SampleSize);
        Assert.Equal(openAi.Int("in_channels"), config.InChannels);
        Assert.Equal(openAi.Int("out_channels"), config.OutChannels);
        Assert.Equal(openAi.Ints("channel_mult").Select(factor => factor * openAi.Int("model_channels")), config.BlockOutChannels);
        Assert.Equal(openAi.Int("num_res_blocks"), config.LayersPerBlock);
        Assert.Equal(openAi.Number("dropout"), config.Dropout);
        Assert.Equal(openAi.Find("num_classes")?.GetInt32(), config.NumClassEmbeds);
        Assert.Equal(openAi.Int("num_head_channels"), config.AttentionHeadDim);
        Assert.Equal(openAi.Flag("use_scale_shift_norm") ? "scale_shift" : "default", config.ResnetTimeScaleShift);

        // Levels with attention are told by how often the size has been halved there.
        var withAttention = openAi.Ints("attention_resolutions");
        var levels = Enumerable.Range(0, config.BlockOutChannels.Count).Select(level => withAttention.Contains(1 << level)).ToList();
        Assert.Equal(levels, config.DownBlockTypes.Select(type => type.StartsWith("Attn", StringComparison.Ordinal)));
        Assert.Equal(levels.AsEnumerable().Reverse(), config.UpBlockTypes.Select(type => type.StartsWith("Attn", StringComparison.Ordinal)));

        var halving = UNet2DDescription.Of(config).Operations
            .Where(operation => operation is ResnetOperation { Resampling: Resampling.Down } or ResampleOperation { Resampling: Resampling.Down }).ToList();
        var byBlocks = openAi.Flag("resblock_updown");
        Assert.All(halving, operation => Assert.Equal(byBlocks, operation is ResnetOperation));
        Assert.Equal(config.BlockOutChannels.Count > 1, halving.Count > 0);
    }
}
