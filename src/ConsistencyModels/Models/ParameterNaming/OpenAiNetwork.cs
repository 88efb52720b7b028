using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>Which networks openai's UNetModel can be: it has fewer knobs than diffusers' UNet2DModel.</summary>
internal static class OpenAiNetwork
{
    private const int Groups = 32; // GroupNorm32 of cm/nn.py

    /// <summary>Refuses a network that openai's code cannot build, by key.</summary>
    public static void ThrowIfForeign(UNet2DDescription network, string origin)
    {
        var config = network.Config;
        void Check(bool ok, string key, string expected)
        {
            if (!ok)
            {
                throw new ConsistencyModelsException($"{origin}: {key} has a value that openai's UNetModel does not have, expected {expected}");
            }
        }

        Check(config.TimeEmbeddingType == "positional", "time_embedding_type", "\"positional\"");
        Check(config.TimeEmbeddingWidth == 4 * config.BlockOutChannels[0], "time_embedding_dim", "four times the first of block_out_channels");
        Check(config.FreqShift == 0, "freq_shift", "0");
        Check(config.FlipSinToCos, "flip_sin_to_cos", "true");
        Check(!config.CenterInputSample, "center_input_sample", "false");
        Check(config.NormNumGroups == Groups, "norm_num_groups", $"{Groups}");
        Check(config.NormEps == 1e-5, "norm_eps", "1e-05");
        Check(config.DownsamplePadding == 1, "downsample_padding", "1");
        Check(config.MidBlockScaleFactor == 1, "mid_block_scale_factor", "1");
        Check(network.MidBlock is { Attentions.Count: 1 }, "mid_block_type", "\"UNetMidBlock2D\" with attention");
        Check(network.MidBlock!.Attentions[0].NormGroups == Groups, "attn_norm_num_groups", $"{Groups}");

        var levels = network.DownBlocks.Count;
        for (var level = 0; level < levels; level++)
        {
            Check(
                network.DownBlocks[level].Attentions.Count > 0 == network.UpBlocks[levels - 1 - level].Attentions.Count > 0,
                "up_block_types",
                "attention at the same levels as in down_block_types");
        }

        var blocks = network.DownBlocks.Concat(network.UpBlocks).ToArray();
        var resamplers = blocks.Select(block => block.Resample).OfType<ResampleDescription>().ToArray();
        Check(
            resamplers.All(resample => resample.Resnet is not null) || resamplers.All(resample => resample.Resnet is null),
            "downsample_type, upsample_type",
            "residual blocks everywhere (resblock_updown) or convolutions everywhere");
        foreach (var attention in blocks.SelectMany(block => block.Attentions).Concat(network.MidBlock.Attentions))
        {
            Check(attention.InnerDim == attention.Channels, "attention_head_dim", $"a divisor of {attention.Channels}");
        }
    }
}
