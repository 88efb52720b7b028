using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Onnx;

/// <summary>Operators in the forms this library writes them.</summary>
internal static class GraphBuilderExtensions
{
    /// <summary>a + b, with broadcasting.</summary>
    public static string Plus(this GraphBuilder graph, string a, string b) => graph.Add("Add", [a, b]);

    /// <summary>a · b, with broadcasting.</summary>
    public static string Times(this GraphBuilder graph, string a, string b) => graph.Add("Mul", [a, b]);

    /// <summary>x · sigmoid(x): runtimes know this pair as one operator, which ONNX has from opset 24 only.</summary>
    public static string SiLU(this GraphBuilder graph, string x) => graph.Times(x, graph.Add("Sigmoid", [x]));

    /// <summary>The same elements in another shape: 0 keeps a dimension, -1 is what remains.</summary>
    public static string Reshape(this GraphBuilder graph, string x, params long[] shape) =>
        graph.Add("Reshape", [x, graph.Integers(shape)]);

    /// <summary>[batch, ...] with the elements of [batch, C, H, W], in that shape.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="x">The elements.</param>
    /// <param name="like">The shape; where the size is open, of this value less its channels.</param>
    public static string ToImage(this GraphBuilder graph, string x, GraphImage like)
    {
        if (like.Size is { } known)
        {
            return graph.Reshape(x, 0, like.Channels, known.Height, known.Width);
        }

        var size = graph.Add("Shape", [like.Name], ("start", 2L));
        return graph.Add("Reshape", [x, graph.Add("Concat", [graph.Integers(0, like.Channels), size], ("axis", 0L))]);
    }

    /// <summary>Another order of dimensions.</summary>
    public static string Transpose(this GraphBuilder graph, string x, params long[] order) =>
        graph.Add("Transpose", [x], ("perm", order));

    /// <summary>Two halves along dimension 1.</summary>
    public static string[] Split(this GraphBuilder graph, string x, params long[] sizes) =>
        graph.AddMany("Split", sizes.Length, [x, graph.Integers(sizes)], ("axis", 1L));

    /// <summary>Another element type.</summary>
    public static string Cast(this GraphBuilder graph, string x, TensorDType dtype) =>
        graph.Add("Cast", [x], ("to", (long)GraphBuilder.TypeOf(dtype)));

    /// <summary>x·Wᵀ + b of a layer, on [rows, inputs].</summary>
    public static string Linear(this GraphBuilder graph, LinearLayer layer, string x, TensorDType dtype) => graph.Add(
        "Gemm",
        [x, graph.Weights([layer.Weight], [layer.Outputs, layer.Inputs], dtype), graph.Weights([layer.Bias], [layer.Outputs], dtype)],
        ("transB", 1L));
}
