using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>Walks the network's description and adds its layers to a graph.</summary>
internal sealed class NetworkGraph
{
    private readonly UNet2DDescription _network;
    private readonly GraphBuilder _graph;
    private readonly TensorDType _dtype;
    private string _time = "";

    /// <summary>Prepares to add a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="dtype">F32 or F16.</param>
    public NetworkGraph(UNet2DDescription network, GraphBuilder graph, TensorDType dtype)
    {
        (_network, _graph, _dtype) = (network, graph, dtype);
    }

    private UNet2DConfig Config => _network.Config;

    private bool ScaleShift => Config.ResnetTimeScaleShift == "scale_shift";

    /// <summary>Adds all layers.</summary>
    /// <param name="sample">[batch, InChannels, H, W] float32.</param>
    /// <param name="size">H and W, or null where they are open.</param>
    /// <param name="timestep">[1] or [batch] float32.</param>
    /// <param name="labels">[batch] int64, or null.</param>
    /// <returns>[batch, OutChannels, H, W] float32.</returns>
    public string Add(string sample, ImageSize? size, string timestep, string? labels)
    {
        _time = TimeGraph.Add(_graph, Config, timestep, labels, _dtype);
        _graph.Scope = "conv_in";
        if (Config.CenterInputSample)
        {
            sample = _graph.Add("Sub", [_graph.Times(sample, _graph.Scalar(2)), _graph.Scalar(1)]);
        }

        var input = _dtype == TensorDType.F32 ? sample : _graph.Cast(sample, _dtype);
        var x = Convolution("conv_in", new(input, Config.InChannels, size?.Height, size?.Width), Config.BlockOutChannels[0]);
        var skips = new Stack<Feature>([x]);
        foreach (var block in _network.DownBlocks)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                x = AttendAfter(block, i, Resnet(block.Resnets[i], x));
                skips.Push(x);
            }

            if (block.Resample is { } resample)
            {
                x = Resample(resample, x);
                skips.Push(x);
            }
        }

        x = Middle(x);
        foreach (var block in _network.UpBlocks)
        {
            for (var i = 0; i < block.Resnets.Count; i++)
            {
                x = AttendAfter(block, i, Resnet(block.Resnets[i], Join(x, skips.Pop())));
            }

            x = block.Resample is { } resample ? Resample(resample, x) : x;
        }

        x = Activate(GroupNormGraph.Add(_graph, "conv_norm_out", x, Config.NormNumGroups, Config.NormEps, _dtype));
        var output = Convolution("conv_out", x, Config.OutChannels).Name;
        if (_dtype != TensorDType.F32)
        {
            output = _graph.Cast(output, TensorDType.F32);
        }

        return Config.TimeEmbeddingType == "fourier" ? _graph.Add("Div", [output, _graph.Reshape(timestep, -1, 1, 1, 1)]) : output;
    }

    private Feature Middle(Feature x)
    {
        if (_network.MidBlock is not { } middle)
        {
            return x;
        }

        x = Resnet(middle.Resnets[0], x);
        for (var i = 1; i < middle.Resnets.Count; i++)
        {
            x = Resnet(middle.Resnets[i], AttendAfter(middle, i - 1, x));
        }

        return x;
    }

    private Feature AttendAfter(BlockDescription block, int index, Feature x) => block.Attentions.Count > 0
        ? AttentionGraph.Add(_graph, block.Attentions[index], x, Config.NormEps, _dtype)
        : x;

    private Feature Join(Feature x, Feature skip)
    {
        _graph.Scope = "skip";
        return x with { Name = _graph.Add("Concat", [x.Name, skip.Name], ("axis", 1L)), Channels = x.Channels + skip.Channels };
    }

    private Feature Resnet(ResnetDescription resnet, Feature x)
    {
        var name = resnet.Name;
        var hidden = Activate(GroupNormGraph.Add(_graph, $"{name}.norm1", x, Config.NormNumGroups, Config.NormEps, _dtype));
        hidden = Convolution($"{name}.conv1", Resize(hidden, resnet.Resample), resnet.OutChannels);

        var columns = ScaleShift ? 2 * resnet.OutChannels : resnet.OutChannels;
        _graph.Scope = $"{name}.time_emb_proj";
        var time = _graph.Reshape(_graph.Linear($"{name}.time_emb_proj", _time, Config.TimeEmbeddingWidth, columns, _dtype), 0, 0, 1, 1);
        if (!ScaleShift)
        {
            hidden = hidden with { Name = _graph.Plus(hidden.Name, time) };
        }

        hidden = Activate(GroupNormGraph.Add(
            _graph, $"{name}.norm2", hidden, Config.NormNumGroups, Config.NormEps, _dtype, ScaleShift ? time : null));
        hidden = Convolution($"{name}.conv2", hidden, resnet.OutChannels);
        _graph.Scope = name;
        var skip = Resize(x, resnet.Resample);
        if (resnet.HasShortcut)
        {
            skip = Convolution($"{name}.conv_shortcut", skip, resnet.OutChannels, kernel: 1, padding: 0);
        }

        _graph.Scope = name;
        var sum = _graph.Plus(hidden.Name, skip.Name);
        return hidden with { Name = resnet.OutputScale == 1 ? sum : _graph.Add("Div", [sum, _graph.Scalar(resnet.OutputScale, _dtype)]) };
    }

    private Feature Resample(ResampleDescription resample, Feature x)
    {
        if (resample.Resnet is { } resnet)
        {
            return Resnet(resnet, x);
        }

        _graph.Scope = resample.ConvName!;
        return resample.Kind == ResampleKind.Up
            ? Convolution(resample.ConvName!, Resize(x, ResampleKind.Up), resample.Channels)
            : Convolution(resample.ConvName!, x, resample.Channels, stride: 2, padding: Config.DownsamplePadding);
    }

    private Feature Resize(Feature x, ResampleKind kind) => kind switch
    {
        ResampleKind.Down => x.Halved(_graph.Add("AveragePool", [x.Name], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]))),
        ResampleKind.Up => x.Doubled(_graph.Add(
            "Resize",
            [x.Name, "", _graph.Numbers("double", [4], [1, 1, 2, 2])],
            ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"))),
        _ => x,
    };

    private Feature Activate(Feature x) => x with { Name = _graph.SiLU(x.Name) };

    private Feature Convolution(string name, Feature x, int channels, int kernel = 3, int stride = 1, int padding = 1)
    {
        _graph.Scope = name;
        // Without padding, a strided convolution has a row and a column of zeros at the far edges.
        long[] pads = stride == 2 && padding == 0 ? [0, 0, 1, 1] : [padding, padding, padding, padding];
        var result = x with
        {
            Name = _graph.Add(
                "Conv",
                [
                    x.Name,
                    _graph.Weights([$"{name}.weight"], [channels, x.Channels, kernel, kernel], _dtype),
                    _graph.Weights([$"{name}.bias"], [channels], _dtype),
                ],
                ("kernel_shape", (long[])[kernel, kernel]), ("pads", pads), ("strides", (long[])[stride, stride])),
            Channels = channels,
        };
        return stride == 2 ? result.Halved(result.Name) : result;
    }
}
