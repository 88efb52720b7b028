using ConsistencyModels.Networks;

namespace ConsistencyModels.Models.ParameterNaming;

/// <summary>Collects openai's tensors with their shapes.</summary>
internal sealed class OpenAiTensorList(UNet2DDescription network)
{
    private readonly Dictionary<string, IReadOnlyList<long>> _shapes =
        network.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Shape);

    public List<OpenAiTensor> Items { get; } = [];

    public void Add(string name, string parameter) => Items.Add(new(name, _shapes[parameter], [parameter]));

    public void Layer(string name, string layer)
    {
        Add($"{name}.weight", $"{layer}.weight");
        Add($"{name}.bias", $"{layer}.bias");
    }

    public void Resnet(string name, ResnetDescription resnet)
    {
        Layer($"{name}.in_layers.0", $"{resnet.Name}.norm1");
        Layer($"{name}.in_layers.2", $"{resnet.Name}.conv1");
        Layer($"{name}.emb_layers.1", $"{resnet.Name}.time_emb_proj");
        Layer($"{name}.out_layers.0", $"{resnet.Name}.norm2");
        Layer($"{name}.out_layers.3", $"{resnet.Name}.conv2");
        if (resnet.HasShortcut)
        {
            Layer($"{name}.skip_connection", $"{resnet.Name}.conv_shortcut");
        }
    }

    public void Attention(string name, AttentionDescription attention)
    {
        long channels = attention.Channels;
        Layer($"{name}.norm", $"{attention.Name}.group_norm");
        string[] projections = [$"{attention.Name}.to_q", $"{attention.Name}.to_k", $"{attention.Name}.to_v"];
        Items.Add(new($"{name}.qkv.weight", [3 * channels, channels, 1, 1], [.. projections.Select(layer => $"{layer}.weight")]));
        Items.Add(new($"{name}.qkv.bias", [3 * channels], [.. projections.Select(layer => $"{layer}.bias")]));
        Items.Add(new($"{name}.proj_out.weight", [channels, channels, 1, 1], [$"{attention.Name}.to_out.0.weight"]));
        Items.Add(new($"{name}.proj_out.bias", [channels], [$"{attention.Name}.to_out.0.bias"]));
    }

    public void Resample(string name, string convolution, ResampleDescription resample)
    {
        if (resample.Resnet is { } resnet)
        {
            Resnet(name, resnet);
        }
        else
        {
            Layer($"{name}.{convolution}", resample.ConvName!);
        }
    }
}
