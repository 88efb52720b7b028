using ConsistencyModels.Checkpoints;
using ConsistencyModels.Onnx;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>The Inception network that FID is defined with, of PyTorch's file or of TensorFlow's.</summary>
internal sealed class InceptionSource : IExtractorSource
{
    /// <summary>Channels of <c>mixed_6/conv</c> that sFID takes, as openai's evaluator does.</summary>
    public const int SpatialChannels = 7;

    private const int Side = 299;
    private const int SpatialSide = 17;

    public string Name => "inception";

    public string HowToGet => "get pt_inception-2015-12-05-6726825d.pth, or TensorFlow's classify_image_graph_def.pb";

    public ExtractorManifest Write(string weights, string path)
    {
        using var tensors = weights.EndsWith(".pb", StringComparison.OrdinalIgnoreCase) ? TensorFlowInception.Open(weights) : TensorFiles.Open(weights);
        var (graph, network) = Build(tensors);
        var (features, spatial, logits) = network.Add("images");
        graph.Scope = "outputs";
        var outputs = new (string Value, string Name, long[] Shape)[]
        {
            (features, "features", [InceptionLayers.Features]),
            (spatial, "spatial", [SpatialSide, SpatialSide, SpatialChannels]),
            (logits, "logits", [InceptionLayers.Classes]),
        };
        foreach (var (value, name, _) in outputs)
        {
            graph.Rename(graph.Add("Identity", [value]), name);
        }

        ExtractorGraph.Save(graph, path, Name, 3, Side, [.. outputs.Select(output => (output.Name, output.Shape))]);
        return new()
        {
            Name = Name,
            Width = Side,
            Height = Side,
            Resize = ExtractorResize.TensorFlow1,

            // (v - 128) / 128, as the graph itself has it.
            Low = -1,
            High = 127.0 / 128,
            Features = "features",
            Spatial = "spatial",
            Logits = "logits",
            Source = Path.GetFileName(weights),
        };
    }

    /// <summary>A graph over checked weights. The second classifier that PyTorch's file may hold and the classifier's bias are not used.</summary>
    internal static (GraphBuilder Graph, InceptionGraph Network) Build(ITensorSource tensors)
    {
        var graph = new GraphBuilder(tensors, StrictTensors.Check(
            tensors,
            InceptionLayers.Tensors,
            isOther: name => name == "fc.bias" || name.StartsWith("AuxLogits.", StringComparison.Ordinal) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal)));
        return (graph, new InceptionGraph(graph));
    }
}
