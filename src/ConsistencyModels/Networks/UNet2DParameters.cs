namespace ConsistencyModels.Networks;

/// <summary>Lists the parameters of a described network in the order of diffusers' state dict.</summary>
internal static class UNet2DParameters
{
    public static IReadOnlyList<ParameterDescription> List(UNet2DDescription network)
    {
        var config = network.Config;
        var first = config.BlockOutChannels[0];
        var time = config.TimeEmbeddingWidth;
        var fourier = config.TimeEmbeddingType == "fourier";
        var list = new ParameterList();
        list.Layer("conv_in", [first, config.InChannels, 3, 3]);
        if (fourier)
        {
            list.Add(new("time_proj.weight", [first], ParameterInitialization.NormalTimes16, OldName: "time_proj.W"));
        }

        list.Layer("time_embedding.linear_1", [time, fourier ? 2 * first : first]);
        list.Layer("time_embedding.linear_2", [time, time]);
        if (config.NumClassEmbeds is { } classes)
        {
            list.Add(new("class_embedding.weight", [classes, time], ParameterInitialization.Normal));
        }

        // The middle block comes after both lists of blocks: that is the order in which diffusers registers them.
        foreach (var block in network.DownBlocks.Concat(network.UpBlocks))
        {
            Block(list, block, config);
        }

        if (network.MidBlock is { } middle)
        {
            Block(list, middle, config);
        }

        list.Norm("conv_norm_out", first);
        list.Layer("conv_out", [config.OutChannels, first, 3, 3], endsResidual: true);
        return list.Items;
    }

    private static void Block(ParameterList list, BlockDescription block, UNet2DConfig config)
    {
        foreach (var attention in block.Attentions)
        {
            Attention(list, attention);
        }

        foreach (var resnet in block.Resnets)
        {
            Resnet(list, resnet, config);
        }

        if (block.Resample is { Resnet: { } resampler })
        {
            Resnet(list, resampler, config);
        }
        else if (block.Resample is { ConvName: { } conv, Channels: var channels })
        {
            list.Layer(conv, [channels, channels, 3, 3]);
        }
    }

    private static void Resnet(ParameterList list, ResnetDescription resnet, UNet2DConfig config)
    {
        var width = config.ResnetTimeScaleShift == "scale_shift" ? 2 * resnet.OutChannels : resnet.OutChannels;
        list.Norm($"{resnet.Name}.norm1", resnet.InChannels);
        list.Layer($"{resnet.Name}.conv1", [resnet.OutChannels, resnet.InChannels, 3, 3]);
        list.Layer($"{resnet.Name}.time_emb_proj", [width, config.TimeEmbeddingWidth]);
        list.Norm($"{resnet.Name}.norm2", resnet.OutChannels);
        list.Layer($"{resnet.Name}.conv2", [resnet.OutChannels, resnet.OutChannels, 3, 3], endsResidual: true);
        if (resnet.HasShortcut)
        {
            list.Layer($"{resnet.Name}.conv_shortcut", [resnet.OutChannels, resnet.InChannels, 1, 1]);
        }
    }

    private static void Attention(ParameterList list, AttentionDescription attention)
    {
        if (attention.NormGroups is not null)
        {
            list.Norm($"{attention.Name}.group_norm", attention.Channels);
        }

        // Before 0.18 diffusers called these layers query, key, value and proj_attn.
        list.Layer($"{attention.Name}.to_q", [attention.InnerDim, attention.Channels], oldName: $"{attention.Name}.query");
        list.Layer($"{attention.Name}.to_k", [attention.InnerDim, attention.Channels], oldName: $"{attention.Name}.key");
        list.Layer($"{attention.Name}.to_v", [attention.InnerDim, attention.Channels], oldName: $"{attention.Name}.value");
        list.Layer(
            $"{attention.Name}.to_out.0",
            [attention.Channels, attention.InnerDim],
            endsResidual: true,
            oldName: $"{attention.Name}.proj_attn");
    }

    private sealed class ParameterList
    {
        public List<ParameterDescription> Items { get; } = [];

        public void Add(ParameterDescription parameter) => Items.Add(parameter);

        public void Norm(string name, int channels)
        {
            Add(new($"{name}.weight", [channels], ParameterInitialization.One));
            Add(new($"{name}.bias", [channels], ParameterInitialization.Zero));
        }

        public void Layer(string name, long[] shape, bool endsResidual = false, string? oldName = null)
        {
            var fanIn = (int)shape.Skip(1).Aggregate(1L, (a, b) => a * b);
            Add(new($"{name}.weight", shape, ParameterInitialization.UniformFanIn, fanIn, endsResidual, oldName is null ? null : $"{oldName}.weight"));
            Add(new($"{name}.bias", [shape[0]], ParameterInitialization.UniformFanIn, fanIn, endsResidual, oldName is null ? null : $"{oldName}.bias"));
        }
    }
}
