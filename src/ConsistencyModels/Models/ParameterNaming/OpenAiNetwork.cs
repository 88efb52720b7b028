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

        var time = network.Operations.OfType<TimeEmbeddingOperation>().Single();
        var attentions = network.Operations.OfType<AttentionOperation>().ToArray();
        var middle = attentions.SingleOrDefault(attention => attention.Section == NetworkSection.Middle);
        Check(time.Features == TimeFeatures.Sinusoids, "time_embedding_type", "\"positional\"");
        Check(config.TimeEmbeddingWidth == 4 * config.BlockOutChannels[0], "time_embedding_dim", "four times the first of block_out_channels");
        Check(config.FreqShift == 0, "freq_shift", "0");
        Check(config.FlipSinToCos, "flip_sin_to_cos", "true");
        Check(!config.CenterInputSample, "center_input_sample", "false");
        Check(config.NormNumGroups == Groups, "norm_num_groups", $"{Groups}");
        Check(config.NormEps == 1e-5, "norm_eps", "1e-05");
        Check(config.DownsamplePadding == 1, "downsample_padding", "1");
        Check(config.MidBlockScaleFactor == 1, "mid_block_scale_factor", "1");
        Check(middle is not null, "mid_block_type", "\"UNetMidBlock2D\" with attention");
        Check(middle!.Norm?.Groups == Groups, "attn_norm_num_groups", $"{Groups}");
        Check(
            Sizes(attentions, NetworkSection.Down).SetEquals(Sizes(attentions, NetworkSection.Up)),
            "up_block_types",
            "attention at the same levels as in down_block_types");
        Check(
            !network.Operations.Any(operation => operation is ResampleOperation)
                || !network.Operations.Any(operation => operation is ResnetOperation { Resampling: not Resampling.None }),
            "downsample_type, upsample_type",
            "residual blocks everywhere (resblock_updown) or convolutions everywhere");
        foreach (var attention in attentions)
        {
            Check(attention.InnerDim == attention.Output.Channels, "attention_head_dim", $"a divisor of {attention.Output.Channels}");
        }
    }

    // A level is known by its size.
    private static HashSet<int> Sizes(AttentionOperation[] attentions, NetworkSection section) =>
        [.. attentions.Where(attention => attention.Section == section).Select(attention => attention.Output.Halvings)];
}
