using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>
/// Group normalization, as instance normalization with a group in the place of a channel: every runtime has that operator, the
/// group's own came with opset 18, and ONNX Runtime takes as long for it (decision 0007).
/// </summary>
internal static class GroupNormGraph
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="x">The input.</param>
    /// <param name="dtype">F32 or F16.</param>
    /// <param name="time">[1 or batch, 2·C, 1, 1]: scales and shifts of each image, or null.</param>
    /// <returns>Of the input's shape.</returns>
    public static string Add(GraphBuilder graph, NormLayer layer, GraphImage x, TensorDType dtype, string? time = null)
    {
        graph.Scope = layer.Name;
        var groups = layer.Groups;
        var ones = graph.Numbers($"ones.{groups}", [groups], Enumerable.Repeat(1f, groups).ToArray(), dtype);
        var zeros = graph.Numbers($"zeros.{groups}", [groups], new float[groups], dtype);
        var normed = graph.Add("InstanceNormalization", [graph.Reshape(x.Name, 0, groups, -1), ones, zeros], ("epsilon", (float)layer.Epsilon));
        var weight = graph.Weights([layer.Weight], [layer.Channels, 1, 1], dtype);
        var bias = graph.Weights([layer.Bias], [layer.Channels, 1, 1], dtype);
        if (time is not null)
        {
            // (n·w + b)·(1 + scale) + shift, with the factors of an image drawn together: two passes over the pixels, not four.
            var parts = graph.Split(time, layer.Channels, layer.Channels);
            var factor = graph.Plus(parts[0], graph.Scalar(1, dtype));
            weight = graph.Times(weight, factor);
            bias = graph.Plus(graph.Times(bias, factor), parts[1]);
        }

        return graph.Plus(graph.Times(graph.ToImage(normed, x), weight), bias);
    }
}
