using ConsistencyModels.Checkpoints;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Extractors.Graphs;
using ConsistencyModels.Evaluation.TensorFlow.Schema;
using ConsistencyModels.Noise;
using ConsistencyModels.Onnx;
using ConsistencyModels.Onnx.Schema;
using ConsistencyModels.Tests.Cpu;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace ConsistencyModels.Evaluation.Tests.Extractors;

public class InceptionTests
{
    // Large enough that every window has an inside, small enough for plain loops.
    private const int Side = 107;

    [Fact]
    public void Every_layer_of_the_graph_is_that_of_the_network_written_out()
    {
        using var folder = new TempFolder();
        using var weights = PlainNetwork.RandomWeights(InceptionLayers.Tensors, 1);
        var path = folder.File("layers.onnx");
        var layers = WriteWithAllLayers(weights, path);
        var image = new float[3 * Side * Side];
        new TorchGenerator(2).Randn(image);

        var expected = new PlainInception(weights);
        var (features, logits) = expected.Run(new(3, Side, Side, image));
        Assert.Equal(InceptionLayers.All.Count, expected.Layers.Count);
        Assert.Equal(expected.Layers.Keys.Order(), layers.Select(layer => layer.Layer).Order());

        _ = OnnxRuntimeLibrary.Path;
        using var session = new InferenceSession(path);
        using var input = OrtValue.CreateTensorValueFromMemory(image, [1, 3, Side, Side]);
        using var run = new RunOptions();
        using var found = session.Run(run, ["images"], [input], session.OutputNames);
        float[] Found(string value) => found[session.OutputNames.ToList().IndexOf(value)].GetTensorDataAsSpan<float>().ToArray();
        foreach (var (layer, value) in layers)
        {
            Near(expected.Layers[layer].Values, Found(value), layer);
        }

        Near(features, Found("features"), "features");
        Near(logits, Found("logits"), "logits");
        var narrow = expected.Layers["Mixed_6d.branch1x1"];
        float[] spatial = [.. Enumerable.Range(0, narrow.Height * narrow.Width).SelectMany(place => Enumerable.Range(0, 7).Select(c => narrow.Values[(c * narrow.Height * narrow.Width) + place]))];
        Near(spatial, Found("spatial"), "spatial");
    }

    [Fact]
    public void TensorFlows_file_gives_the_tensors_of_PyTorchs()
    {
        using var folder = new TempFolder();
        using var weights = PlainNetwork.RandomWeights(InceptionLayers.Tensors, 3);
        var path = folder.File("classify_image_graph_def.pb");
        File.WriteAllBytes(path, AsTensorFlow(weights).ToByteArray());
        using var read = TensorFlowInception.Open(path);
        Assert.Equal(weights.Tensors.Keys.Order(StringComparer.Ordinal), read.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, info) in weights.Tensors)
        {
            Assert.Equal(info.Shape, read.Tensors[name].Shape);
            Assert.True(PlainNetwork.Read(weights, name).AsSpan().SequenceEqual(PlainNetwork.Read(read, name)), name);
        }
    }

    [Fact]
    public void A_file_of_another_network_is_refused_with_what_is_missing()
    {
        using var folder = new TempFolder();
        var path = folder.File("other.pb");
        File.WriteAllBytes(path, new GraphDef { Node = { new NodeDef { Name = "conv/conv2d_params" } } }.ToByteArray());
        Assert.Contains("conv/conv2d_params", Assert.Throws<ConsistencyModelsException>(() => TensorFlowInception.Open(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.Contains("no graph", Assert.Throws<ConsistencyModelsException>(() => TensorFlowInception.Open(path)).Message, StringComparison.Ordinal);
        using var few = PlainNetwork.RandomWeights(InceptionLayers.Tensors.Skip(3), 1);
        Assert.Contains("Conv2d_1a_3x3.conv.weight", Assert.ThrowsAny<ConsistencyModelsException>(() => InceptionSource.Build(few)).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<(string Layer, string Value)> WriteWithAllLayers(ITensorSource weights, string path)
    {
        var (graph, network) = InceptionSource.Build(weights);
        var (features, spatial, logits) = network.Add("images");
        foreach (var (value, name) in ((string, string)[])[(features, "features"), (spatial, "spatial"), (logits, "logits")])
        {
            graph.Rename(graph.Add("Identity", [value]), name);
        }

        graph.Graph.Name = "layers";
        graph.Graph.Input.Add(GraphValues.Images("images", 3, new ImageSize(Side, Side), ""));
        foreach (var name in network.Made.Select(made => made.Value).Concat(["features", "spatial", "logits"]))
        {
            graph.Graph.Output.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } });
        }

        var model = new ModelProto { IrVersion = 8, Graph = graph.Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        OnnxFile.Write(path, model, graph.Initializers, 1 << 30);
        return network.Made;
    }

    // The layout of the frozen graph: [height, width, in, out], and constants that its normalization does not use.
    private static GraphDef AsTensorFlow(MemoryTensors weights)
    {
        var graph = new GraphDef();
        void Add(string name, float[] values, params long[] shape)
        {
            var tensor = new ConsistencyModels.Evaluation.TensorFlow.Schema.TensorProto
            {
                Dtype = 1,
                TensorContent = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())),
                TensorShape = new ConsistencyModels.Evaluation.TensorFlow.Schema.TensorShapeProto(),
            };
            tensor.TensorShape.Dim.AddRange(shape.Select(size => new ConsistencyModels.Evaluation.TensorFlow.Schema.TensorShapeProto.Types.Dim { Size = size }));
            var node = new NodeDef { Name = name, Op = "Const" };
            node.Attr.Add("value", new AttrValue { Tensor = tensor });
            graph.Node.Add(node);
        }

        foreach (var layer in InceptionLayers.All)
        {
            var kernel = PlainNetwork.Read(weights, $"{layer.Name}.conv.weight");
            var turned = new float[kernel.Length];
            var at = 0;
            for (var y = 0; y < layer.Height; y++)
            {
                for (var x = 0; x < layer.Width; x++)
                {
                    for (var i = 0; i < layer.Inputs; i++)
                    {
                        for (var o = 0; o < layer.Outputs; o++)
                        {
                            turned[at++] = kernel[(((((o * layer.Inputs) + i) * layer.Height) + y) * layer.Width) + x];
                        }
                    }
                }
            }

            Add($"{layer.TensorFlow}/conv2d_params", turned, layer.Height, layer.Width, layer.Inputs, layer.Outputs);
            Add($"{layer.TensorFlow}/batchnorm/beta", PlainNetwork.Read(weights, $"{layer.Name}.bn.bias"), layer.Outputs);
            Add($"{layer.TensorFlow}/batchnorm/moving_mean", PlainNetwork.Read(weights, $"{layer.Name}.bn.running_mean"), layer.Outputs);
            Add($"{layer.TensorFlow}/batchnorm/moving_variance", PlainNetwork.Read(weights, $"{layer.Name}.bn.running_var"), layer.Outputs);
            Add($"{layer.TensorFlow}/batchnorm/gamma", PlainNetwork.Read(weights, $"{layer.Name}.bn.weight"), layer.Outputs);
        }

        var classifier = PlainNetwork.Read(weights, "fc.weight");
        Add(
            "softmax/weights",
            [.. Enumerable.Range(0, InceptionLayers.Features).SelectMany(i => Enumerable.Range(0, InceptionLayers.Classes).Select(c => classifier[(c * InceptionLayers.Features) + i]))],
            InceptionLayers.Features,
            InceptionLayers.Classes);
        return graph;
    }

    private static void Near(float[] expected, float[] found, string what)
    {
        Assert.True(expected.Length == found.Length, $"{what}: {found.Length} numbers, expected {expected.Length}");
        var scale = expected.Max(MathF.Abs);
        Assert.True(scale > 0, $"{what}: nothing but zeros");
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - found[i]) <= 1e-4f * scale, $"{what}[{i}]: {found[i]}, expected {expected[i]}");
        }
    }
}
