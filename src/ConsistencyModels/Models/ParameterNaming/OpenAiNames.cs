using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>
/// The names openai/consistency_models gives the parameters of its UNetModel (cm/unet.py), for a network of any depth. Matches
/// diffusers' scripts/convert_consistency_to_diffusers.py on the published architectures.
/// </summary>
public static class OpenAiNames
{
    /// <summary>Lists a network's tensors under openai's names, in the order of its state dict.</summary>
    /// <param name="network">The network.</param>
    /// <param name="origin">Where its configuration came from, for messages.</param>
    /// <exception cref="ConsistencyModelsException">openai's code cannot build such a network; names the key.</exception>
    public static IReadOnlyList<OpenAiTensor> For(UNet2DDescription network, string origin = "UNet2DConfig")
    {
        ArgumentNullException.ThrowIfNull(network);
        OpenAiNetwork.ThrowIfForeign(network, origin);
        var list = new OpenAiTensorList(network);
        list.Layer("time_embed.0", "time_embedding.linear_1");
        list.Layer("time_embed.2", "time_embedding.linear_2");
        if (network.Config.NumClassEmbeds is not null)
        {
            list.Add("label_emb.weight", "class_embedding.weight");
        }

        list.Layer("input_blocks.0.0", "conv_in");
        Down(network, list);
        Middle(network, list);
        Up(network, list);
        list.Layer("out.0", "conv_norm_out");
        list.Layer("out.2", "conv_out");
        return list.Items;
    }

    private static void Down(UNet2DDescription network, OpenAiTensorList list)
    {
        var index = 1;
        foreach (var block in network.DownBlocks)
        {
            for (var layer = 0; layer < block.Resnets.Count; layer++, index++)
            {
                list.Resnet($"input_blocks.{index}.0", block.Resnets[layer]);
                if (block.Attentions.Count > 0)
                {
                    list.Attention($"input_blocks.{index}.1", block.Attentions[layer]);
                }
            }

            if (block.Resample is { } resample)
            {
                list.Resample($"input_blocks.{index++}.0", "op", resample);
            }
        }
    }

    private static void Middle(UNet2DDescription network, OpenAiTensorList list)
    {
        var middle = network.MidBlock!;
        list.Resnet("middle_block.0", middle.Resnets[0]);
        list.Attention("middle_block.1", middle.Attentions[0]);
        list.Resnet("middle_block.2", middle.Resnets[1]);
    }

    private static void Up(UNet2DDescription network, OpenAiTensorList list)
    {
        var index = 0;
        foreach (var block in network.UpBlocks)
        {
            for (var layer = 0; layer < block.Resnets.Count; layer++, index++)
            {
                var child = 0;
                list.Resnet($"output_blocks.{index}.{child++}", block.Resnets[layer]);
                if (block.Attentions.Count > 0)
                {
                    list.Attention($"output_blocks.{index}.{child++}", block.Attentions[layer]);
                }

                // What doubles the size is the last child of a level's last block, not a block of its own.
                if (layer == block.Resnets.Count - 1 && block.Resample is { } resample)
                {
                    list.Resample($"output_blocks.{index}.{child}", "conv", resample);
                }
            }
        }
    }
}
