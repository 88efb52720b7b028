using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Evaluation.TensorFlow.Schema;
using ConsistencyModels.Files;
using Google.Protobuf;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>The constants of TensorFlow's <c>classify_image_graph_def.pb</c> under the names and in the layout of PyTorch's file.</summary>
internal sealed class TensorFlowInception : ITensorSource
{
    private const long LargestFile = 512 << 20;
    private const int Float = 1;

    private readonly Dictionary<string, float[]> _values = [];
    private readonly Dictionary<string, TensorInfo> _tensors = [];

    private TensorFlowInception(string path, Dictionary<string, NodeDef> nodes)
    {
        Origin = path;
        foreach (var layer in InceptionLayers.All)
        {
            var kernel = Constant(nodes, $"{layer.TensorFlow}/conv2d_params", layer.Height, layer.Width, layer.Inputs, layer.Outputs);
            Put($"{layer.Name}.conv.weight", Transposed(kernel, layer.Height * layer.Width * layer.Inputs, layer.Outputs, layer), layer.Outputs, layer.Inputs, layer.Height, layer.Width);
            Put($"{layer.Name}.bn.bias", Constant(nodes, $"{layer.TensorFlow}/batchnorm/beta", layer.Outputs), layer.Outputs);
            Put($"{layer.Name}.bn.running_mean", Constant(nodes, $"{layer.TensorFlow}/batchnorm/moving_mean", layer.Outputs), layer.Outputs);
            Put($"{layer.Name}.bn.running_var", Constant(nodes, $"{layer.TensorFlow}/batchnorm/moving_variance", layer.Outputs), layer.Outputs);
            Put($"{layer.Name}.bn.weight", Scale(nodes, layer), layer.Outputs);
        }

        var classifier = Constant(nodes, "softmax/weights", InceptionLayers.Features, InceptionLayers.Classes);
        var transposed = new float[classifier.Length];
        for (var i = 0; i < InceptionLayers.Features; i++)
        {
            for (var j = 0; j < InceptionLayers.Classes; j++)
            {
                transposed[(j * InceptionLayers.Features) + i] = classifier[(i * InceptionLayers.Classes) + j];
            }
        }

        Put("fc.weight", transposed, InceptionLayers.Classes, InceptionLayers.Features);
    }

    public string Origin { get; }

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Reads the file.</summary>
    /// <exception cref="ConsistencyModelsException">It is missing, too large, no such graph, or lacks a constant.</exception>
    public static TensorFlowInception Open(string path)
    {
        try
        {
            if (LinkEnd.InfoOf(path).Length > LargestFile)
            {
                throw new ConsistencyModelsException($"{path}: has more than {LargestFile >> 20} MB, expected TensorFlow's Inception graph of 96 MB");
            }

            return new(path, GraphDef.Parser.ParseFrom(File.ReadAllBytes(path)).Node.DistinctBy(node => node.Name).ToDictionary(node => node.Name));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ConsistencyModelsException($"{path}: is no graph of TensorFlow: {Printable.Line(e.Message)}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be read: {Printable.Line(e.Message)}", e);
        }
    }

    public ReadOnlySpan<byte> Bytes(string name) => MemoryMarshal.AsBytes(_values[name].AsSpan());

    public void CopyTo(string name, Span<float> destination)
    {
        if (destination.Length != _values[name].Length)
        {
            throw new ArgumentException($"{name} has {_values[name].Length} elements; the destination has {destination.Length}.", nameof(destination));
        }

        _values[name].CopyTo(destination);
    }

    public void Release(string name) => ArgumentNullException.ThrowIfNull(name);

    public void Dispose()
    {
        _values.Clear();
        _tensors.Clear();
    }

    private void Put(string name, float[] values, params long[] shape)
    {
        _values[name] = values;
        _tensors[name] = new(name, TensorDType.F32, shape);
    }

    // The graph may say that the scale is not applied; then the constant beside it means nothing.
    private float[] Scale(Dictionary<string, NodeDef> nodes, InceptionLayer layer)
    {
        var node = nodes.GetValueOrDefault($"{layer.TensorFlow}/batchnorm");
        return node is not null && node.Attr.TryGetValue("scale_after_normalization", out var scaled) && !scaled.B
            ? Enumerable.Repeat(1f, layer.Outputs).ToArray()
            : Constant(nodes, $"{layer.TensorFlow}/batchnorm/gamma", layer.Outputs);
    }

    // [height, width, in, out] as [out, in, height, width].
    private static float[] Transposed(float[] kernel, int rows, int outputs, InceptionLayer layer)
    {
        var result = new float[kernel.Length];
        for (var row = 0; row < rows; row++)
        {
            var (place, input) = Math.DivRem(row, layer.Inputs);
            for (var o = 0; o < outputs; o++)
            {
                result[(((o * layer.Inputs) + input) * layer.Height * layer.Width) + place] = kernel[(row * outputs) + o];
            }
        }

        return result;
    }

    private float[] Constant(Dictionary<string, NodeDef> nodes, string name, params long[] shape)
    {
        if (!nodes.TryGetValue(name, out var node) || !node.Attr.TryGetValue("value", out var value) || value.Tensor is not { } tensor)
        {
            throw new ConsistencyModelsException($"{Origin}: has no constant {name}; expected TensorFlow's Inception graph of December 2015 (classify_image_graph_def.pb)");
        }

        long[] found = [.. tensor.TensorShape?.Dim.Select(dimension => dimension.Size) ?? []];
        if (tensor.Dtype != Float || !found.SequenceEqual(shape))
        {
            throw new ConsistencyModelsException($"{Origin}: {name} is {Text(found)} of type {tensor.Dtype}, expected {Text(shape)} of float32 (type 1)");
        }

        var length = shape.Aggregate(1L, (a, b) => a * b);
        float[] values = tensor.TensorContent.Length > 0 ? MemoryMarshal.Cast<byte, float>(tensor.TensorContent.Span).ToArray()
            : tensor.FloatVal.Count == 1 ? Enumerable.Repeat(tensor.FloatVal[0], (int)length).ToArray()
            : [.. tensor.FloatVal];
        return values.Length == length ? values
            : throw new ConsistencyModelsException($"{Origin}: {name} has {values.Length} numbers, expected {length}");
    }

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}
