using ConsistencyModels.Checkpoints;
using ConsistencyModels.Onnx;

namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>
/// The Inception network as FID takes it. It differs from the one in PyTorch's model zoo: means over 3x3 windows leave the
/// padding out, the last block takes the largest of a window in place of the mean, and the logits have no bias.
/// </summary>
/// <param name="graph">Where nodes go.</param>
internal sealed class InceptionGraph(GraphBuilder graph)
{
    private static readonly Dictionary<string, InceptionLayer> Layers = InceptionLayers.All.ToDictionary(layer => layer.Name);

    private readonly List<(string Layer, string Value)> _made = [];

    /// <summary>Every convolution's result after normalization and ReLU, in the order they were made.</summary>
    public IReadOnlyList<(string Layer, string Value)> Made => _made;

    /// <summary>Adds the network.</summary>
    /// <param name="images">The prepared images.</param>
    /// <returns>pool_3; the first seven channels of <c>mixed_6/conv</c> as [N, H, W, 7]; logits.</returns>
    public (string Features, string Spatial, string Logits) Add(string images)
    {
        var x = Chain(images, "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3");
        x = Chain(Largest(x, 2, 0), "Conv2d_3b_1x1", "Conv2d_4a_3x3");
        x = Largest(x, 2, 0);
        foreach (var block in (string[])["Mixed_5b", "Mixed_5c", "Mixed_5d"])
        {
            x = Join(
                Chain(x, $"{block}.branch1x1"),
                Chain(x, $"{block}.branch5x5_1", $"{block}.branch5x5_2"),
                Chain(x, $"{block}.branch3x3dbl_1", $"{block}.branch3x3dbl_2", $"{block}.branch3x3dbl_3"),
                Chain(Mean(x), $"{block}.branch_pool"));
        }

        x = Join(
            Chain(x, "Mixed_6a.branch3x3"),
            Chain(x, "Mixed_6a.branch3x3dbl_1", "Mixed_6a.branch3x3dbl_2", "Mixed_6a.branch3x3dbl_3"),
            Largest(x, 2, 0));
        var spatial = "";
        foreach (var block in (string[])["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"])
        {
            var narrow = Chain(x, $"{block}.branch1x1");
            spatial = block == "Mixed_6d" ? narrow : spatial;
            x = Join(
                narrow,
                Chain(x, $"{block}.branch7x7_1", $"{block}.branch7x7_2", $"{block}.branch7x7_3"),
                Chain(x, [.. Enumerable.Range(1, 5).Select(i => $"{block}.branch7x7dbl_{i}")]),
                Chain(Mean(x), $"{block}.branch_pool"));
        }

        x = Join(
            Chain(x, "Mixed_7a.branch3x3_1", "Mixed_7a.branch3x3_2"),
            Chain(x, [.. Enumerable.Range(1, 4).Select(i => $"Mixed_7a.branch7x7x3_{i}")]),
            Largest(x, 2, 0));
        x = Last(x, "Mixed_7b", Mean(x));
        x = Last(x, "Mixed_7c", Largest(x, 1, 1));
        var features = graph.Add("Flatten", [graph.Add("GlobalAveragePool", [x])]);
        var logits = graph.Add("Gemm", [features, graph.Weights(["fc.weight"], [InceptionLayers.Classes, InceptionLayers.Features], TensorDType.F32)], ("transB", 1L));
        var seven = graph.Add("Slice", [spatial, graph.Integers(0), graph.Integers(InceptionSource.SpatialChannels), graph.Integers(1)]);
        return (features, graph.Transpose(seven, 0, 2, 3, 1), logits);
    }

    private string Last(string x, string block, string pooled)
    {
        var (wide, twice) = (Chain(x, $"{block}.branch3x3_1"), Chain(x, $"{block}.branch3x3dbl_1", $"{block}.branch3x3dbl_2"));
        return Join(
            Chain(x, $"{block}.branch1x1"),
            Chain(wide, $"{block}.branch3x3_2a"),
            Chain(wide, $"{block}.branch3x3_2b"),
            Chain(twice, $"{block}.branch3x3dbl_3a"),
            Chain(twice, $"{block}.branch3x3dbl_3b"),
            Chain(pooled, $"{block}.branch_pool"));
    }

    private string Chain(string x, params ReadOnlySpan<string> layers)
    {
        foreach (var name in layers)
        {
            var layer = Layers[name];
            graph.Scope = name;
            var convolved = graph.Add(
                "Conv",
                [x, Weights($"{name}.conv.weight", layer.Outputs, layer.Inputs, layer.Height, layer.Width)],
                ("kernel_shape", new long[] { layer.Height, layer.Width }),
                ("strides", new long[] { layer.Stride, layer.Stride }),
                ("pads", new long[] { layer.PadHeight, layer.PadWidth, layer.PadHeight, layer.PadWidth }));
            var normalized = graph.Add(
                "BatchNormalization",
                [
                    convolved, Weights($"{name}.bn.weight", layer.Outputs), Weights($"{name}.bn.bias", layer.Outputs),
                    Weights($"{name}.bn.running_mean", layer.Outputs), Weights($"{name}.bn.running_var", layer.Outputs),
                ],
                ("epsilon", InceptionLayers.Epsilon));
            x = graph.Add("Relu", [normalized]);
            _made.Add((name, x));
        }

        return x;
    }

    private string Weights(string name, params long[] shape) => graph.Weights([name], shape, TensorDType.F32);

    private string Join(params string[] branches) => graph.Add("Concat", branches, ("axis", 1L));

    private string Largest(string x, long stride, long pad) => graph.Add("MaxPool", [x], Window(stride, pad));

    private string Mean(string x) => graph.Add("AveragePool", [x], [.. Window(1, 1), ("count_include_pad", 0L)]);

    private static (string, object)[] Window(long stride, long pad) =>
        [("kernel_shape", new long[] { 3, 3 }), ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad })];
}
