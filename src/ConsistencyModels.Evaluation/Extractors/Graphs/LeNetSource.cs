using ConsistencyModels.Checkpoints;
using ConsistencyModels.Onnx;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>
/// A LeNet-5 for MNIST's digits as published in PyTorch's form (<c>convnet.c1</c> to <c>fc.f7</c>): the 84 features before the last tanh,
/// and 10 logits.
/// </summary>
internal sealed class LeNetSource : IExtractorSource
{
    private const int Side = 32;

    private static readonly (string Name, long[] Shape)[] Parameters =
    [
        .. Layer("convnet.c1", 6, 1, 5, 5), .. Layer("convnet.c3", 16, 6, 5, 5), .. Layer("convnet.c5", 120, 16, 5, 5),
        .. Layer("fc.f6", 84, 120), .. Layer("fc.f7", 10, 84),
    ];

    public string Name => "lenet";

    public string HowToGet => "get a LeNet-5 for MNIST in PyTorch's form, with the keys convnet.c1, c3, c5 and fc.f6, f7";

    public ExtractorManifest Write(string weights, string path)
    {
        using var tensors = TensorFiles.Open(weights);
        var graph = new GraphBuilder(tensors, StrictTensors.Check(tensors, Parameters.Select(one => (one.Name, (IReadOnlyList<long>)one.Shape))));
        var x = "images";
        foreach (var layer in (string[])["convnet.c1", "convnet.c3"])
        {
            x = graph.Add("MaxPool", [graph.Add("Tanh", [Convolution(graph, layer, x)])], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        }

        x = graph.Add("Flatten", [graph.Add("Tanh", [Convolution(graph, "convnet.c5", x)])]);
        var features = Linear(graph, "fc.f6", x);
        graph.Rename(features, "features");
        graph.Rename(Linear(graph, "fc.f7", graph.Add("Tanh", ["features"])), "logits");
        ExtractorGraph.Save(graph, path, "lenet", 1, Side, [("features", [84]), ("logits", [10])]);
        return new()
        {
            Name = Name,
            Width = Side,
            Height = Side,
            Channels = 1,
            Resize = ExtractorResize.Bilinear,
            Features = "features",
            Logits = "logits",
            Source = Path.GetFileName(weights),
        };
    }

    private static string Convolution(GraphBuilder graph, string layer, string x) =>
        graph.Add("Conv", [x, Weights(graph, $"{layer}.weight"), Weights(graph, $"{layer}.bias")]);

    private static string Linear(GraphBuilder graph, string layer, string x) =>
        graph.Add("Gemm", [x, Weights(graph, $"{layer}.weight"), Weights(graph, $"{layer}.bias")], ("transB", 1L));

    private static string Weights(GraphBuilder graph, string name) =>
        graph.Weights([name], Parameters.Single(one => one.Name == name).Shape, TensorDType.F32);

    private static (string, long[])[] Layer(string name, params long[] shape) => [($"{name}.weight", shape), ($"{name}.bias", [shape[0]])];
}
