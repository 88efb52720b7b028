using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>
/// Self-attention over pixels. Channels stay before pixels, as convolutions have them: the projections are 1x1 convolutions,
/// queries, keys and values one of them (decision 0007).
/// </summary>
internal static class AttentionGraph
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="attention">The layer.</param>
    /// <param name="x">The input.</param>
    /// <param name="eps">Added to variances by its normalization.</param>
    /// <param name="dtype">F32 or F16.</param>
    public static Feature Add(GraphBuilder graph, AttentionDescription attention, Feature x, double eps, TensorDType dtype)
    {
        var name = attention.Name;
        var normed = attention.NormGroups is { } groups ? GroupNormGraph.Add(graph, $"{name}.group_norm", x, groups, eps, dtype) : x;
        graph.Scope = name;
        var (heads, dim, inner) = (attention.Heads, attention.HeadDim, attention.InnerDim);
        var projected = Project(graph, [$"{name}.to_q", $"{name}.to_k", $"{name}.to_v"], normed.Name, attention.Channels, inner, dtype);
        var parts = graph.Split(graph.Reshape(projected, 0, 3 * heads, dim, -1), heads, heads, heads);

        // [batch, heads, pixels, dim] times [batch, heads, dim, pixels], and the queries, not their products, are scaled.
        var queries = graph.Times(graph.Transpose(parts[0], 0, 1, 3, 2), graph.Scalar(1 / Math.Sqrt(dim), dtype));
        var scores = graph.Add("Softmax", [graph.Add("MatMul", [queries, parts[1]])], ("axis", -1L));
        var attended = graph.Add("MatMul", [scores, graph.Transpose(parts[2], 0, 1, 3, 2)]);
        var image = graph.ToImage(graph.Transpose(attended, 0, 1, 3, 2), x with { Channels = inner });
        var output = Project(graph, [$"{name}.to_out.0"], image, inner, attention.Channels, dtype);
        var sum = graph.Plus(output, x.Name);
        return x with { Name = attention.OutputScale == 1 ? sum : graph.Add("Div", [sum, graph.Scalar(attention.OutputScale, dtype)]) };
    }

    private static string Project(GraphBuilder graph, string[] layers, string x, int inputs, int outputs, TensorDType dtype) => graph.Add(
        "Conv",
        [
            x,
            graph.Weights([.. layers.Select(layer => $"{layer}.weight")], [layers.Length * outputs, inputs, 1, 1], dtype),
            graph.Weights([.. layers.Select(layer => $"{layer}.bias")], [layers.Length * outputs], dtype),
        ],
        ("kernel_shape", (long[])[1, 1]));
}
