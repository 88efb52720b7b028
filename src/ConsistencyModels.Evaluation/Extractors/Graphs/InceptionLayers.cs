namespace ConsistencyModels.Evaluation.Extractors.Graphs;

/// <summary>A convolution of the Inception network with its normalization: names in both files that people have, and its shape.</summary>
/// <param name="Name">PyTorch's name; <c>NAME.conv.weight</c>, <c>NAME.bn.bias</c>, ...</param>
/// <param name="TensorFlow">TensorFlow's; <c>NAME/conv2d_params</c>, <c>NAME/batchnorm/beta</c>, ...</param>
/// <param name="Inputs">Channels it takes.</param>
/// <param name="Outputs">Channels it gives.</param>
/// <param name="Height">Height of its kernel.</param>
/// <param name="Width">Width of its kernel.</param>
/// <param name="Stride">1, or 2 in both directions.</param>
/// <param name="PadHeight">Rows of zeros above and below.</param>
/// <param name="PadWidth">Columns of zeros at both sides.</param>
internal sealed record InceptionLayer(
    string Name, string TensorFlow, int Inputs, int Outputs, int Height, int Width, int Stride = 1, int PadHeight = 0, int PadWidth = 0)
{
    /// <summary>Its tensors in PyTorch's layout.</summary>
    public IEnumerable<(string Name, IReadOnlyList<long> Shape)> Tensors =>
    [
        ($"{Name}.conv.weight", [Outputs, Inputs, Height, Width]), ($"{Name}.bn.weight", [Outputs]), ($"{Name}.bn.bias", [Outputs]),
        ($"{Name}.bn.running_mean", [Outputs]), ($"{Name}.bn.running_var", [Outputs]),
    ];
}

/// <summary>All convolutions of the Inception network of December 2015, by the table of Szegedy et al. (2016) as TensorFlow's graph has it.</summary>
internal static class InceptionLayers
{
    /// <summary>Classes of its logits.</summary>
    public const int Classes = 1008;

    /// <summary>Length of the pool_3 features.</summary>
    public const int Features = 2048;

    /// <summary>Small number in all normalizations.</summary>
    public const float Epsilon = 0.001f;

    /// <summary>The layers in the order of the network.</summary>
    public static IReadOnlyList<InceptionLayer> All { get; } =
    [
        new("Conv2d_1a_3x3", "conv", 3, 32, 3, 3, 2),
        new("Conv2d_2a_3x3", "conv_1", 32, 32, 3, 3),
        new("Conv2d_2b_3x3", "conv_2", 32, 64, 3, 3, 1, 1, 1),
        new("Conv2d_3b_1x1", "conv_3", 64, 80, 1, 1),
        new("Conv2d_4a_3x3", "conv_4", 80, 192, 3, 3),
        .. BlockA("Mixed_5b", "mixed", 192, 32),
        .. BlockA("Mixed_5c", "mixed_1", 256, 64),
        .. BlockA("Mixed_5d", "mixed_2", 288, 64),
        new("Mixed_6a.branch3x3", "mixed_3/conv", 288, 384, 3, 3, 2),
        new("Mixed_6a.branch3x3dbl_1", "mixed_3/tower/conv", 288, 64, 1, 1),
        new("Mixed_6a.branch3x3dbl_2", "mixed_3/tower/conv_1", 64, 96, 3, 3, 1, 1, 1),
        new("Mixed_6a.branch3x3dbl_3", "mixed_3/tower/conv_2", 96, 96, 3, 3, 2),
        .. BlockC("Mixed_6b", "mixed_4", 128),
        .. BlockC("Mixed_6c", "mixed_5", 160),
        .. BlockC("Mixed_6d", "mixed_6", 160),
        .. BlockC("Mixed_6e", "mixed_7", 192),
        new("Mixed_7a.branch3x3_1", "mixed_8/tower/conv", 768, 192, 1, 1),
        new("Mixed_7a.branch3x3_2", "mixed_8/tower/conv_1", 192, 320, 3, 3, 2),
        new("Mixed_7a.branch7x7x3_1", "mixed_8/tower_1/conv", 768, 192, 1, 1),
        new("Mixed_7a.branch7x7x3_2", "mixed_8/tower_1/conv_1", 192, 192, 1, 7, 1, 0, 3),
        new("Mixed_7a.branch7x7x3_3", "mixed_8/tower_1/conv_2", 192, 192, 7, 1, 1, 3, 0),
        new("Mixed_7a.branch7x7x3_4", "mixed_8/tower_1/conv_3", 192, 192, 3, 3, 2),
        .. BlockE("Mixed_7b", "mixed_9", 1280),
        .. BlockE("Mixed_7c", "mixed_10", 2048),
    ];

    /// <summary>Every tensor that is used, in PyTorch's names and layout. The bias of the classifier is not.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<long> Shape)> Tensors =>
        All.SelectMany(layer => layer.Tensors).Append(("fc.weight", [Classes, Features]));

    private static InceptionLayer[] BlockA(string name, string tower, int inputs, int pool) =>
    [
        new($"{name}.branch1x1", $"{tower}/conv", inputs, 64, 1, 1),
        new($"{name}.branch5x5_1", $"{tower}/tower/conv", inputs, 48, 1, 1),
        new($"{name}.branch5x5_2", $"{tower}/tower/conv_1", 48, 64, 5, 5, 1, 2, 2),
        new($"{name}.branch3x3dbl_1", $"{tower}/tower_1/conv", inputs, 64, 1, 1),
        new($"{name}.branch3x3dbl_2", $"{tower}/tower_1/conv_1", 64, 96, 3, 3, 1, 1, 1),
        new($"{name}.branch3x3dbl_3", $"{tower}/tower_1/conv_2", 96, 96, 3, 3, 1, 1, 1),
        new($"{name}.branch_pool", $"{tower}/tower_2/conv", inputs, pool, 1, 1),
    ];

    private static InceptionLayer[] BlockC(string name, string tower, int narrow) =>
    [
        new($"{name}.branch1x1", $"{tower}/conv", 768, 192, 1, 1),
        new($"{name}.branch7x7_1", $"{tower}/tower/conv", 768, narrow, 1, 1),
        new($"{name}.branch7x7_2", $"{tower}/tower/conv_1", narrow, narrow, 1, 7, 1, 0, 3),
        new($"{name}.branch7x7_3", $"{tower}/tower/conv_2", narrow, 192, 7, 1, 1, 3, 0),
        new($"{name}.branch7x7dbl_1", $"{tower}/tower_1/conv", 768, narrow, 1, 1),
        new($"{name}.branch7x7dbl_2", $"{tower}/tower_1/conv_1", narrow, narrow, 7, 1, 1, 3, 0),
        new($"{name}.branch7x7dbl_3", $"{tower}/tower_1/conv_2", narrow, narrow, 1, 7, 1, 0, 3),
        new($"{name}.branch7x7dbl_4", $"{tower}/tower_1/conv_3", narrow, narrow, 7, 1, 1, 3, 0),
        new($"{name}.branch7x7dbl_5", $"{tower}/tower_1/conv_4", narrow, 192, 1, 7, 1, 0, 3),
        new($"{name}.branch_pool", $"{tower}/tower_2/conv", 768, 192, 1, 1),
    ];

    private static InceptionLayer[] BlockE(string name, string tower, int inputs) =>
    [
        new($"{name}.branch1x1", $"{tower}/conv", inputs, 320, 1, 1),
        new($"{name}.branch3x3_1", $"{tower}/tower/conv", inputs, 384, 1, 1),
        new($"{name}.branch3x3_2a", $"{tower}/tower/mixed/conv", 384, 384, 1, 3, 1, 0, 1),
        new($"{name}.branch3x3_2b", $"{tower}/tower/mixed/conv_1", 384, 384, 3, 1, 1, 1, 0),
        new($"{name}.branch3x3dbl_1", $"{tower}/tower_1/conv", inputs, 448, 1, 1),
        new($"{name}.branch3x3dbl_2", $"{tower}/tower_1/conv_1", 448, 384, 3, 3, 1, 1, 1),
        new($"{name}.branch3x3dbl_3a", $"{tower}/tower_1/mixed/conv", 384, 384, 1, 3, 1, 0, 1),
        new($"{name}.branch3x3dbl_3b", $"{tower}/tower_1/mixed/conv_1", 384, 384, 3, 1, 1, 1, 0),
        new($"{name}.branch_pool", $"{tower}/tower_2/conv", inputs, 192, 1, 1),
    ];
}
