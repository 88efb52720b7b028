using ConsistencyModels.Files;
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
        var places = new OpenAiPlaces();
        return [.. network.Operations.SelectMany(operation => Tensors(operation, places.Next(operation)))];
    }

    private static IEnumerable<OpenAiTensor> Tensors(NetworkOperation operation, string place) => operation switch
    {
        TimeEmbeddingOperation time => [.. Layer("time_embed.0", time.First), .. Layer("time_embed.2", time.Second)],
        ClassEmbeddingOperation classes => Layer("label_emb", classes.Table),
        InputConvolutionOperation input => Layer(place, input.Convolution),
        ResnetOperation resnet => Resnet(place, resnet),
        AttentionOperation attention => Attention(place, attention),
        ResampleOperation { Resampling: Resampling.Down } resample => Layer($"{place}.op", resample.Convolution),
        ResampleOperation resample => Layer($"{place}.conv", resample.Convolution),
        OutputOperation output => [.. Layer("out.0", output.Norm), .. Layer("out.2", output.Convolution)],
        _ => [],
    };

    private static IEnumerable<OpenAiTensor> Resnet(string place, ResnetOperation resnet) =>
    [
        .. Layer($"{place}.in_layers.0", resnet.Norm1),
        .. Layer($"{place}.in_layers.2", resnet.Conv1),
        .. Layer($"{place}.emb_layers.1", resnet.Time),
        .. Layer($"{place}.out_layers.0", resnet.Norm2),
        .. Layer($"{place}.out_layers.3", resnet.Conv2),
        .. resnet.Shortcut is null ? [] : Layer($"{place}.skip_connection", resnet.Shortcut),
    ];

    private static IEnumerable<OpenAiTensor> Attention(string place, AttentionOperation attention)
    {
        long channels = attention.Output.Channels;
        LinearLayer[] projections = [attention.Query, attention.Key, attention.Value];
        return
        [
            .. Layer($"{place}.norm", attention.Norm!),
            new($"{place}.qkv.weight", [3 * channels, channels, 1, 1], [.. projections.Select(layer => layer.Weight)]),
            new($"{place}.qkv.bias", [3 * channels], [.. projections.Select(layer => layer.Bias)]),
            new($"{place}.proj_out.weight", [channels, channels, 1, 1], [attention.Out.Weight]),
            new($"{place}.proj_out.bias", [channels], [attention.Out.Bias]),
        ];
    }

    // weight and bias have the same names there and here.
    private static IEnumerable<OpenAiTensor> Layer(string place, NetworkLayer layer) =>
        layer.Parameters.Select(parameter => new OpenAiTensor($"{place}{parameter.Name[layer.Name.Length..]}", parameter.Shape, [parameter.Name]));
}

/// <summary>One tensor of a checkpoint under the names of openai/consistency_models, and what it is in diffusers' names.</summary>
/// <param name="Name">openai's name, for example <c>input_blocks.1.0.in_layers.2.weight</c>.</param>
/// <param name="Shape">
/// openai's shape. Attention layers are 1x1 convolutions there. guided-diffusion has them one-dimensional, [3C, C, 1], and its qkv in
/// another order: such checkpoints are refused by their shape.
/// </param>
/// <param name="Parameters">
/// diffusers' parameters, whose rows follow each other: three for qkv (queries, keys, values: the released weights are in
/// (three, head, dim) order), else one.
/// </param>
public sealed record OpenAiTensor(string Name, IReadOnlyList<long> Shape, IReadOnlyList<string> Parameters)
{
    /// <summary>openai's shape.</summary>
    public IReadOnlyList<long> Shape { get; init => field = ValueList<long>.Of(value); } = ValueList<long>.Of(Shape);

    /// <summary>diffusers' parameters, whose rows follow each other.</summary>
    public IReadOnlyList<string> Parameters { get; init => field = ValueList<string>.Of(value); } = ValueList<string>.Of(Parameters);
}
