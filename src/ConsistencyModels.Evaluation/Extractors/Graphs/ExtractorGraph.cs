using ConsistencyModels.Onnx;
using ConsistencyModels.Onnx.Schema;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>The file around a graph: its input <c>images</c>, its outputs, the operators' version.</summary>
internal static class ExtractorGraph
{
    private const long Opset = 17;
    private const long IrVersion = 8;
    private const long LargestFile = 1 << 30;

    /// <summary>Writes the file.</summary>
    /// <param name="graph">The nodes and weights.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">The graph's name.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="side">Their height and width.</param>
    /// <param name="outputs">The outputs with their dimensions behind the batch.</param>
    public static void Save(GraphBuilder graph, string path, string name, int channels, int side, IReadOnlyList<(string Name, long[] Shape)> outputs)
    {
        graph.Graph.Name = name;
        graph.Graph.Input.Add(GraphValues.Images("images", channels, new ImageSize(side, side), "prepared images, NCHW"));
        graph.Graph.Output.AddRange(outputs.Select(output => GraphValues.Batched(output.Name, output.Shape)));
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "ConsistencyModels", Graph = graph.Graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        OnnxFile.Write(path, model, graph.Initializers, LargestFile);
    }
}
