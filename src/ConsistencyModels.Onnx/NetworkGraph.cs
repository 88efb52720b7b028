using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>Adds a network's operations to a graph. A value is its name there.</summary>
internal sealed class NetworkGraph : INetworkReader<string>
{
    private readonly UNet2DDescription _network;
    private readonly GraphBuilder _graph;
    private readonly ImageSize? _size;
    private readonly TensorDType _dtype;

    /// <summary>Prepares to add a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="size">H and W of the samples, or null where they are open.</param>
    /// <param name="dtype">F32 or F16.</param>
    public NetworkGraph(UNet2DDescription network, GraphBuilder graph, ImageSize? size, TensorDType dtype)
    {
        (_network, _graph, _size, _dtype) = (network, graph, size, dtype);
    }

    /// <summary>Adds all operations.</summary>
    /// <param name="sample">[batch, InChannels, H, W] float32.</param>
    /// <param name="timestep">[1] or [batch] float32.</param>
    /// <param name="labels">[batch] int64, or null for a network without classes.</param>
    /// <returns>[batch, OutChannels, H, W] float32.</returns>
    public string Add(string sample, string timestep, string? labels) => _network.Read(this, sample, timestep, labels ?? "");

    /// <inheritdoc/>
    public string TimeEmbedding(TimeEmbeddingOperation operation, string timesteps) => TimeGraph.Add(_graph, operation, timesteps, _dtype);

    /// <inheritdoc/>
    public string ClassEmbedding(ClassEmbeddingOperation operation, string embedding, string labels)
    {
        var table = operation.Table;
        _graph.Scope = table.Name;
        return _graph.Plus(embedding, _graph.Add("Gather", [_graph.Weights([table.Weight], [table.Count, table.Width], _dtype), labels]));
    }

    /// <inheritdoc/>
    public string TimeActivation(TimeActivationOperation operation, string embedding) => _graph.SiLU(embedding);

    /// <inheritdoc/>
    public string InputConvolution(InputConvolutionOperation operation, string sample)
    {
        _graph.Scope = operation.Name;
        if (operation.CentersSample)
        {
            sample = _graph.Add("Sub", [_graph.Times(sample, _graph.Scalar(2)), _graph.Scalar(1)]);
        }

        var input = _dtype == TensorDType.F32 ? sample : _graph.Cast(sample, _dtype);
        return Convolution(operation.Convolution, input);
    }

    /// <inheritdoc/>
    public string Resnet(ResnetOperation operation, string image, string time)
    {
        var x = Image(operation.Inputs[0], image);
        var hidden = _graph.SiLU(GroupNormGraph.Add(_graph, operation.Norm1, x, _dtype));
        hidden = Convolution(operation.Conv1, Resize(hidden, operation.Resampling));

        _graph.Scope = operation.Time.Name;
        var columns = _graph.Reshape(_graph.Linear(operation.Time, time, _dtype), 0, 0, 1, 1);
        var scales = operation.Conditioning == TimeConditioning.ScaleAndShift;
        if (!scales)
        {
            hidden = _graph.Plus(hidden, columns);
        }

        hidden = _graph.SiLU(GroupNormGraph.Add(_graph, operation.Norm2, Image(operation.Output, hidden), _dtype, scales ? columns : null));
        hidden = Convolution(operation.Conv2, hidden);
        _graph.Scope = operation.Name;
        var skip = Resize(image, operation.Resampling);
        if (operation.Shortcut is { } shortcut)
        {
            skip = Convolution(shortcut, skip);
        }

        _graph.Scope = operation.Name;
        return Scaled(_graph.Plus(hidden, skip), operation.OutputScale);
    }

    /// <inheritdoc/>
    public string Attention(AttentionOperation operation, string image)
    {
        var attended = AttentionGraph.Add(_graph, operation, Image(operation.Inputs[0], image), _dtype);
        return Scaled(_graph.Plus(attended, image), operation.OutputScale);
    }

    /// <inheritdoc/>
    public string Resample(ResampleOperation operation, string image)
    {
        _graph.Scope = operation.Convolution.Name;
        return Convolution(operation.Convolution, operation.Resampling == Resampling.Up ? Resize(image, Resampling.Up) : image);
    }

    /// <inheritdoc/>
    public string Concat(ConcatOperation operation, string image, string skip)
    {
        _graph.Scope = "skip";
        return _graph.Add("Concat", [image, skip], ("axis", 1L));
    }

    /// <inheritdoc/>
    public string Output(OutputOperation operation, string image, string timesteps)
    {
        var hidden = _graph.SiLU(GroupNormGraph.Add(_graph, operation.Norm, Image(operation.Inputs[0], image), _dtype));
        var output = Convolution(operation.Convolution, hidden);
        if (_dtype != TensorDType.F32)
        {
            output = _graph.Cast(output, TensorDType.F32);
        }

        return operation.DividesByTimestep ? _graph.Add("Div", [output, _graph.Reshape(timesteps, -1, 1, 1, 1)]) : output;
    }

    private GraphImage Image(NetworkValue value, string name) => new(name, value.Channels, _size is { } size ? value.SizeFor(size) : null);

    private string Resize(string x, Resampling resampling) => resampling switch
    {
        Resampling.Down => _graph.Add("AveragePool", [x], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2])),
        Resampling.Up => _graph.Add(
            "Resize",
            [x, "", _graph.Numbers("double", [4], [1, 1, 2, 2])],
            ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")),
        _ => x,
    };

    private string Scaled(string sum, double divisor) => divisor == 1 ? sum : _graph.Add("Div", [sum, _graph.Scalar(divisor, _dtype)]);

    private string Convolution(ConvolutionLayer layer, string x)
    {
        _graph.Scope = layer.Name;
        long[] pads = layer.Padding switch
        {
            ConvolutionPadding.Around => [1, 1, 1, 1],
            ConvolutionPadding.FarEdges => [0, 0, 1, 1],
            _ => [0, 0, 0, 0],
        };
        return _graph.Add(
            "Conv",
            [
                x,
                _graph.Weights([layer.Weight], [layer.OutChannels, layer.InChannels, layer.KernelSize, layer.KernelSize], _dtype),
                _graph.Weights([layer.Bias], [layer.OutChannels], _dtype),
            ],
            ("kernel_shape", (long[])[layer.KernelSize, layer.KernelSize]), ("pads", pads), ("strides", (long[])[layer.Stride, layer.Stride]));
    }
}
