using ConsistencyModels.Checkpoints;

namespace ConsistencyModels.Evaluation.Tests.Extractors;

/// <summary>The Inception network of FID block by block, with its peculiarities, on plain loops.</summary>
/// <param name="weights">PyTorch's names.</param>
internal sealed class PlainInception(ITensorSource weights)
{
    /// <summary>Every convolution's result after normalization and ReLU.</summary>
    public Dictionary<string, Volume> Layers { get; } = [];

    public (float[] Features, float[] Logits) Run(Volume x)
    {
        x = Basic("Conv2d_1a_3x3", x, stride: 2);
        x = Basic("Conv2d_2a_3x3", x);
        x = Basic("Conv2d_2b_3x3", x, pad: (1, 1));
        x = PlainNetwork.Pool(x, 3, 2, 0, largest: true);
        x = Basic("Conv2d_3b_1x1", x);
        x = Basic("Conv2d_4a_3x3", x);
        x = PlainNetwork.Pool(x, 3, 2, 0, largest: true);
        foreach (var block in (string[])["Mixed_5b", "Mixed_5c", "Mixed_5d"])
        {
            x = PlainNetwork.Join(
                Basic($"{block}.branch1x1", x),
                Basic($"{block}.branch5x5_2", Basic($"{block}.branch5x5_1", x), pad: (2, 2)),
                Basic($"{block}.branch3x3dbl_3", Basic($"{block}.branch3x3dbl_2", Basic($"{block}.branch3x3dbl_1", x), pad: (1, 1)), pad: (1, 1)),
                Basic($"{block}.branch_pool", PlainNetwork.Pool(x, 3, 1, 1, largest: false)));
        }

        x = PlainNetwork.Join(
            Basic("Mixed_6a.branch3x3", x, stride: 2),
            Basic("Mixed_6a.branch3x3dbl_3", Basic("Mixed_6a.branch3x3dbl_2", Basic("Mixed_6a.branch3x3dbl_1", x), pad: (1, 1)), stride: 2),
            PlainNetwork.Pool(x, 3, 2, 0, largest: true));
        foreach (var block in (string[])["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"])
        {
            var narrow = Basic($"{block}.branch7x7_2", Basic($"{block}.branch7x7_1", x), pad: (0, 3));
            var twice = Basic($"{block}.branch7x7dbl_2", Basic($"{block}.branch7x7dbl_1", x), pad: (3, 0));
            twice = Basic($"{block}.branch7x7dbl_4", Basic($"{block}.branch7x7dbl_3", twice, pad: (0, 3)), pad: (3, 0));
            x = PlainNetwork.Join(
                Basic($"{block}.branch1x1", x),
                Basic($"{block}.branch7x7_3", narrow, pad: (3, 0)),
                Basic($"{block}.branch7x7dbl_5", twice, pad: (0, 3)),
                Basic($"{block}.branch_pool", PlainNetwork.Pool(x, 3, 1, 1, largest: false)));
        }

        var long7 = Basic("Mixed_7a.branch7x7x3_2", Basic("Mixed_7a.branch7x7x3_1", x), pad: (0, 3));
        x = PlainNetwork.Join(
            Basic("Mixed_7a.branch3x3_2", Basic("Mixed_7a.branch3x3_1", x), stride: 2),
            Basic("Mixed_7a.branch7x7x3_4", Basic("Mixed_7a.branch7x7x3_3", long7, pad: (3, 0)), stride: 2),
            PlainNetwork.Pool(x, 3, 2, 0, largest: true));
        foreach (var (block, largest) in ((string, bool)[])[("Mixed_7b", false), ("Mixed_7c", true)])
        {
            var three = Basic($"{block}.branch3x3_1", x);
            var twice = Basic($"{block}.branch3x3dbl_2", Basic($"{block}.branch3x3dbl_1", x), pad: (1, 1));
            x = PlainNetwork.Join(
                Basic($"{block}.branch1x1", x),
                Basic($"{block}.branch3x3_2a", three, pad: (0, 1)),
                Basic($"{block}.branch3x3_2b", three, pad: (1, 0)),
                Basic($"{block}.branch3x3dbl_3a", twice, pad: (0, 1)),
                Basic($"{block}.branch3x3dbl_3b", twice, pad: (1, 0)),
                Basic($"{block}.branch_pool", PlainNetwork.Pool(x, 3, 1, 1, largest)));
        }

        var plane = x.Height * x.Width;
        float[] features = [.. Enumerable.Range(0, x.Channels).Select(c => x.Values.AsSpan(c * plane, plane).ToArray().Average())];
        return (features, PlainNetwork.Linear(weights, "fc", features, bias: false));
    }

    private Volume Basic(string name, Volume x, int stride = 1, (int Height, int Width) pad = default)
    {
        var convolved = PlainNetwork.Convolve(weights, $"{name}.conv", x, stride, pad.Height, pad.Width);
        float[] scale = PlainNetwork.Read(weights, $"{name}.bn.weight"), shift = PlainNetwork.Read(weights, $"{name}.bn.bias");
        float[] mean = PlainNetwork.Read(weights, $"{name}.bn.running_mean"), variance = PlainNetwork.Read(weights, $"{name}.bn.running_var");
        return Layers[name] = PlainNetwork.Map(convolved, (c, value) => MathF.Max(0, (scale[c] * (value - mean[c]) / MathF.Sqrt(variance[c] + 0.001f)) + shift[c]));
    }
}
