using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>
/// Self-attention over pixels, before its input is added. Channels stay before pixels, as convolutions have them: the projections
/// are 1x1 convolutions, queries, keys and values one of them (decision 0007).
/// </summary>
internal static class AttentionGraph
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="attention">The operation.</param>
    /// <param name="x">Its input.</param>
    /// <param name="dtype">F32 or F16.</param>
    /// <returns>Of the input's shape.</returns>
    public static string Add(GraphBuilder graph, AttentionOperation attention, GraphImage x, TensorDType dtype)
    {
        var normed = attention.Norm is { } norm ? GroupNormGraph.Add(graph, norm, x, dtype) : x.Name;
        graph.Scope = attention.Name;
        var (heads, dim) = (attention.Heads, attention.HeadDim);
        var projected = Project(graph, [attention.Query, attention.Key, attention.Value], normed, dtype);
        var parts = graph.Split(graph.Reshape(projected, 0, 3 * heads, dim, -1), heads, heads, heads);

        // [batch, heads, pixels, dim] times [batch, heads, dim, pixels], and the queries, not their products, are scaled.
        var queries = graph.Times(graph.Transpose(parts[0], 0, 1, 3, 2), graph.Scalar(1 / Math.Sqrt(dim), dtype));
        var scores = graph.Add("Softmax", [graph.Add("MatMul", [queries, parts[1]])], ("axis", -1L));
        var attended = graph.Add("MatMul", [scores, graph.Transpose(parts[2], 0, 1, 3, 2)]);
        var image = graph.ToImage(graph.Transpose(attended, 0, 1, 3, 2), x with { Channels = attention.InnerDim });
        return Project(graph, [attention.Out], image, dtype);
    }

    private static string Project(GraphBuilder graph, LinearLayer[] layers, string x, TensorDType dtype) => graph.Add(
        "Conv",
        [
            x,
            graph.Weights([.. layers.Select(layer => layer.Weight)], [layers.Length * layers[0].Outputs, layers[0].Inputs, 1, 1], dtype),
            graph.Weights([.. layers.Select(layer => layer.Bias)], [layers.Length * layers[0].Outputs], dtype),
        ],
        ("kernel_shape", (long[])[1, 1]));
}
