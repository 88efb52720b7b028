using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Perceptual;

/// <summary>
/// LPIPS v0.1 (Zhang et al. 2018) on libtorch: the published linear heads over VGG16, AlexNet or SqueezeNet 1.1, whose weights come
/// from a file of the user's. In float32; on CUDA with TF32, as all that <see cref="TorchEngine"/> computes.
/// </summary>
public sealed class LpipsDistance : IImageDistance
{
    private const int Colours = 3;

    private readonly Backbone _backbone;
    private readonly LpipsNetwork _network;
    private readonly Device _device;
    private readonly UseCount _uses;

    private LpipsDistance(Backbone backbone, LpipsNetwork network, Device device, string identity)
    {
        _backbone = backbone;
        _network = network;
        _device = device;
        _uses = new UseCount(network.Dispose);
        Identity = identity;
    }

    /// <inheritdoc/>
    /// <remarks>The first half of a SHA-256 over every weight in use, those of the heads too.</remarks>
    public string Identity { get; }

    /// <summary>Reads the backbone's weights: torchvision's file, or any state dict (torch or safetensors) with its names and shapes.</summary>
    /// <param name="options">Which backbone, its file, and the pooling. Tensors under <c>classifier.</c> are not used.</param>
    /// <param name="device">cpu, cuda or cuda:N.</param>
    /// <param name="threads">Threads of the CPU as for <see cref="TorchDevice.Prepare"/>.</param>
    /// <returns>The distance; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">
    /// The file is not there, is damaged, or is not the backbone's; averages were asked for without VGG16, for which alone they are known;
    /// there is no such device.
    /// </exception>
    public static LpipsDistance Open(PerceptualOptions options, string device = "cpu", int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.WeightsPath);
        var backbone = Backbone.Of(options.Backbone);
        if (options.Pooling == PerceptualPooling.Average && options.Backbone != PerceptualBackbone.Vgg16)
        {
            throw new ConsistencyModelsException($"lpips: the pooling is average for {backbone.Name}, expected max: averages go with VGG16");
        }

        var place = TorchDevice.Prepare(device, threads);
        var weights = LpipsWeights.Load(options.Backbone, options.WeightsPath, place);
        return new(backbone, new LpipsNetwork(backbone, weights, options.Pooling, place), place, weights.Identity);
    }

    /// <inheritdoc/>
    public void Measure(ReadOnlySpan<float> images, ReadOnlySpan<float> targets, ImageShape shape, Span<float> distances, Span<float> gradient)
    {
        ThrowIfOther(images.Length, shape.Length, nameof(images));
        ThrowIfOther(targets.Length, shape.Length, nameof(targets));
        ThrowIfOther(distances.Length, shape.Batch, nameof(distances));
        if (!gradient.IsEmpty)
        {
            ThrowIfOther(gradient.Length, shape.Length, nameof(gradient));
        }

        ThrowIfNotMeasured(shape);
        _uses.Enter(this);
        try
        {
            // Each image is measured by itself: a large batch in parts.
            var most = BatchParts.Most(_device, shape);
            for (var first = 0; first < shape.Batch; first += most)
            {
                var part = shape.WithBatch(Math.Min(most, shape.Batch - first));
                var begin = first * shape.ImageLength;
                Run(
                    images.Slice(begin, part.Length),
                    targets.Slice(begin, part.Length),
                    part,
                    distances.Slice(first, part.Batch),
                    gradient.IsEmpty ? gradient : gradient.Slice(begin, part.Length));
            }
        }
        finally
        {
            _uses.Leave();
        }
    }

    /// <summary>Takes no more calls; the weights are freed, at once or when the calls under way end.</summary>
    public void Dispose() => _uses.Close();

    private static void ThrowIfOther(int found, int expected, string name)
    {
        if (found != expected)
        {
            throw new ArgumentException($"There are {found} values; expected {expected}.", name);
        }
    }

    private void ThrowIfNotMeasured(ImageShape shape)
    {
        if (shape.Channels is not (1 or Colours))
        {
            throw new ConsistencyModelsException($"lpips: the images have {shape.Channels} channels, expected 3 or 1");
        }

        if (Math.Min(shape.Height, shape.Width) < _backbone.LeastSize)
        {
            throw new ConsistencyModelsException(
                $"lpips: the images have {shape.Height}x{shape.Width} pixels, expected at least {_backbone.LeastSize}x{_backbone.LeastSize} for {_backbone.Name}");
        }
    }

    private void Run(ReadOnlySpan<float> images, ReadOnlySpan<float> targets, ImageShape shape, Span<float> distances, Span<float> gradient)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(!gradient.IsEmpty);
        var x = Read(images, shape);
        x.requires_grad = !gradient.IsEmpty;
        var result = _network.Distances(Colour(x, shape), Colour(Read(targets, shape), shape));
        using (var host = result.detach().cpu())
        {
            TensorMemory.Floats(host).CopyTo(distances);
        }

        if (!gradient.IsEmpty)
        {
            var back = autograd.grad([result.sum()], [x])[0].cpu().contiguous();
            TensorMemory.Floats(back).CopyTo(gradient);
        }
    }

    private Tensor Read(ReadOnlySpan<float> values, ImageShape shape) =>
        TensorMemory.Of(values, [shape.Batch, shape.Channels, shape.Height, shape.Width]).to(_device);

    // Grey stands for all three colours.
    private static Tensor Colour(Tensor x, ImageShape shape) => shape.Channels == Colours ? x : x.expand(-1, Colours, -1, -1);
}
