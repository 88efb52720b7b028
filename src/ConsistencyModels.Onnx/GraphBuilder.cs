using System.Runtime.InteropServices;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Onnx.Schema;
using Google.Protobuf;
using AttributeType = ConsistencyModels.Onnx.Schema.AttributeProto.Types.AttributeType;
using DataType = ConsistencyModels.Onnx.Schema.TensorProto.Types.DataType;

namespace ConsistencyModels.Onnx;

/// <summary>Collects nodes, constants and weights of a graph, and names the values between them.</summary>
/// <param name="weights">Where weights come from.</param>
/// <param name="stored">For each parameter the name it is stored under.</param>
internal sealed class GraphBuilder(ITensorSource weights, IReadOnlyDictionary<string, string> stored)
{
    private readonly GraphProto _graph = new();
    private readonly Dictionary<string, Initializer> _initializers = [];
    private readonly Dictionary<string, int> _names = [];

    /// <summary>Nodes, inputs and outputs; weights are in <see cref="Initializers"/>.</summary>
    public GraphProto Graph => _graph;

    /// <summary>Constants and weights in the order of their first use.</summary>
    public IReadOnlyCollection<Initializer> Initializers => _initializers.Values;

    /// <summary>Names the values made until it is left, so that a viewer shows which layer a node belongs to.</summary>
    public string Scope { private get; set; } = "";

    /// <summary>Adds a node with one output.</summary>
    /// <param name="operation">ONNX's name of the operator.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="attributes">Its attributes: long, long[], float or string.</param>
    /// <returns>The output's name.</returns>
    public string Add(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        AddMany(operation, 1, inputs, attributes)[0];

    /// <summary>The same with several outputs.</summary>
    public string[] AddMany(string operation, int outputs, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var name = Unique($"{Scope}/{operation}");
        string[] results = outputs == 1 ? [name] : [.. Enumerable.Range(0, outputs).Select(i => $"{name}:{i}")];
        var node = new NodeProto { Name = name, OpType = operation };
        node.Input.AddRange(inputs);
        node.Output.AddRange(results);
        foreach (var (key, value) in attributes)
        {
            node.Attribute.Add(Attribute(key, value));
        }

        _graph.Node.Add(node);
        return results;
    }

    /// <summary>A constant of whole numbers: a shape, axes.</summary>
    public string Integers(params long[] values) => Constant(
        $"i[{string.Join(',', values)}]", DataType.Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>A constant of float32 or float16.</summary>
    public string Numbers(string name, IReadOnlyList<long> shape, ReadOnlySpan<float> values, TensorDType dtype = TensorDType.F32)
    {
        using var bytes = new MemoryStream();
        TensorToWrite.FromFloats(name, shape, values.ToArray(), dtype).Write(bytes);
        return Constant(dtype == TensorDType.F32 ? name : $"{name}.{dtype}", TypeOf(dtype), shape, bytes.ToArray());
    }

    /// <summary>A number that broadcasts to any shape.</summary>
    public string Scalar(double value, TensorDType dtype = TensorDType.F32) => Numbers(
        FormattableString.Invariant($"{(float)value:R}"), [], [(float)value], dtype);

    /// <summary>Parameters of the network, one after another along the first dimension.</summary>
    /// <param name="parameters">diffusers' names.</param>
    /// <param name="shape">The shape they have together, or another of the same size.</param>
    /// <param name="dtype">F32 or F16.</param>
    public string Weights(string[] parameters, IReadOnlyList<long> shape, TensorDType dtype)
    {
        var name = parameters[0];
        var bytes = shape.Aggregate((long)dtype.Size(), (a, b) => checked(a * b));
        _initializers.TryAdd(name, new Initializer(name, TypeOf(dtype), shape, bytes, stream =>
        {
            foreach (var key in parameters.Select(parameter => stored[parameter]))
            {
                TensorToWrite.FromSource(weights, key, dtype).Write(stream);
                weights.Release(key);
            }
        }));
        return name;
    }

    /// <summary>Gives the value that was made last another name: the graph's output has one of its own.</summary>
    public void Rename(string value, string name)
    {
        var node = _graph.Node[^1];
        if (node.Output is not [var made] || made != value)
        {
            throw new InvalidOperationException($"{value} is not the last value of the graph.");
        }

        node.Output[0] = name;
    }

    /// <summary>The element type in ONNX's numbering.</summary>
    public static DataType TypeOf(TensorDType dtype) => dtype == TensorDType.F16 ? DataType.Float16 : DataType.Float;

    private string Constant(string name, DataType type, IReadOnlyList<long> shape, byte[] bytes)
    {
        _initializers.TryAdd(name, new Initializer(name, type, shape, bytes.Length, stream => stream.Write(bytes)));
        return name;
    }

    private static AttributeProto Attribute(string key, object value)
    {
        var attribute = new AttributeProto { Name = key };
        switch (value)
        {
            case long number:
                (attribute.Type, attribute.I) = (AttributeType.Int, number);
                break;
            case float number:
                (attribute.Type, attribute.F) = (AttributeType.Float, number);
                break;
            case string text:
                (attribute.Type, attribute.S) = (AttributeType.String, ByteString.CopyFromUtf8(text));
                break;
            case long[] numbers:
                attribute.Type = AttributeType.Ints;
                attribute.Ints.AddRange(numbers);
                break;
            default:
                throw new ArgumentException($"An attribute cannot hold a {value.GetType().Name}.", nameof(value));
        }

        return attribute;
    }

    private string Unique(string name)
    {
        var count = CollectionsMarshal.GetValueRefOrAddDefault(_names, name, out _)++;
        return count == 0 ? name : $"{name}_{count}";
    }
}
