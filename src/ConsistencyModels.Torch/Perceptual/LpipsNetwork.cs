using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Perceptual;

/// <summary>
/// LPIPS v0.1 (Zhang et al. 2018, Eq. 1): features of both images, each pixel's brought to length 1 over the channels, their squared
/// difference weighed by channel, the mean over the pixels, the sum over the features.
/// </summary>
internal sealed class LpipsNetwork : IDisposable
{
    // Beside the lengths, as the published code has it.
    private const double Epsilon = 1e-10;

    // A root of 0 has no slope: a pixel whose squares vanish stays as it is, and its gradient is a number. Far below Epsilon squared.
    private const double TinySquare = 1e-30;

    // ImageNet's means and deviations, for images in [-1, 1].
    private static readonly float[] Shift = [-.030f, -.088f, -.188f];
    private static readonly float[] Scale = [.458f, .448f, .450f];

    private readonly Backbone _backbone;
    private readonly LpipsWeights _weights;
    private readonly PerceptualPooling _pooling;
    private readonly Tensor _shift;
    private readonly Tensor _scale;

    /// <summary>Takes its weights, which belong to it from now on.</summary>
    public LpipsNetwork(Backbone backbone, LpipsWeights weights, PerceptualPooling pooling, Device device)
    {
        using var scope = NewDisposeScope();
        _backbone = backbone;
        _weights = weights;
        _pooling = pooling;
        _shift = TensorMemory.Of(Shift, [1, 3, 1, 1]).to(device).DetachFromDisposeScope();
        _scale = TensorMemory.Of(Scale, [1, 3, 1, 1]).to(device).DetachFromDisposeScope();
    }

    /// <summary>The distance [n] of images from targets, both [n, 3, h, w]; with the way back where gradients are on.</summary>
    public Tensor Distances(Tensor images, Tensor targets)
    {
        using var scope = NewDisposeScope();
        List<Tensor> goals;
        using (no_grad())
        {
            goals = Features(targets);
        }

        var features = Features(images);
        var sum = zeros([images.shape[0]], device: images.device);
        for (var i = 0; i < features.Count; i++)
        {
            using var perFeature = NewDisposeScope();
            var weighed = (features[i] - goals[i]).Squared() * _weights.Heads[i];
            sum = sum.Plus(weighed.sum(1).mean([1, 2])).MoveToOuterDisposeScope();
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights.Dispose();
        _shift.Dispose();
        _scale.Dispose();
    }

    // What the next layer has read is let go at once; with gradients, the way back holds what it needs.
    private List<Tensor> Features(Tensor images)
    {
        List<Tensor> features = [];
        var x = (images - _shift) / _scale;
        foreach (var layer in _backbone.Layers)
        {
            if (layer is BackboneLayer.Feature)
            {
                features.Add(UnitLength(x));
                continue;
            }

            var next = layer switch
            {
                BackboneLayer.Convolution convolution => Convolve(convolution, x),
                BackboneLayer.Fire fire => Fire(fire, x),
                BackboneLayer.Pooling pooling => Pool(pooling, x),
                _ => throw new InvalidOperationException($"There is no arithmetic for {layer}."),
            };
            x.Dispose();
            x = next;
        }

        x.Dispose();
        return features;
    }

    private Tensor Convolve(BackboneLayer.Convolution layer, Tensor x) => nn.functional.conv2d(
        x,
        _weights[layer.Name + ".weight"],
        _weights[layer.Name + ".bias"],
        strides: [layer.Stride, layer.Stride],
        padding: [layer.Padding, layer.Padding]).relu_();

    private Tensor Fire(BackboneLayer.Fire layer, Tensor x)
    {
        using var few = Convolve(layer.Squeeze, x);
        using var one = Convolve(layer.Expand1, few);
        using var three = Convolve(layer.Expand3, few);
        return cat([one, three], dim: 1);
    }

    private Tensor Pool(BackboneLayer.Pooling layer, Tensor x) => _pooling == PerceptualPooling.Average
        ? nn.functional.avg_pool2d(x, 2, 2)
        : nn.functional.max_pool2d(x, [layer.Kernel, layer.Kernel], [2, 2], ceil_mode: layer.Up);

    private static Tensor UnitLength(Tensor x)
    {
        using var scope = NewDisposeScope();
        var length = x.Squared().sum(1, keepdim: true).AtLeast(TinySquare).sqrt();
        return (x / length.Plus(Epsilon)).MoveToOuterDisposeScope();
    }
}
