namespace ConsistencyModels.Networks;

/// <summary>
/// A distance of images that a network measures, on plain memory. Training and evaluation see this and no engine; an engine's package
/// makes it. Whoever makes one disposes it; whoever is given one borrows it. Safe to call from several threads at once.
/// </summary>
public interface IImageDistance : IDisposable
{
    /// <summary>The weights it measures with: a text without spaces that is the same for the same weights, wherever their file lies.</summary>
    string Identity { get; }

    /// <summary>Measures how far images are from their targets.</summary>
    /// <param name="images">Images in [-1, 1], <paramref name="shape"/>.Length floats in NCHW order; values beyond are taken as they are.</param>
    /// <param name="targets">What they should be, as many.</param>
    /// <param name="shape">[N, C, H, W] with 3 channels, red first, or 1 that stands for all three.</param>
    /// <param name="distances">Receives one distance per image, 0 or more.</param>
    /// <param name="gradient">Receives d(distance of an image)/d(images), as many floats as the images; empty where it is not wanted.</param>
    /// <exception cref="ConsistencyModelsException">Images of this shape cannot be measured: other channels, or too small for the network.</exception>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    void Measure(ReadOnlySpan<float> images, ReadOnlySpan<float> targets, ImageShape shape, Span<float> distances, Span<float> gradient);
}

/// <summary>Networks for ImageNet whose features LPIPS compares.</summary>
public enum PerceptualBackbone
{
    /// <summary>VGG16: five features.</summary>
    Vgg16,

    /// <summary>AlexNet: five features.</summary>
    Alex,

    /// <summary>SqueezeNet 1.1: seven features.</summary>
    Squeeze,
}

/// <summary>What stands between the stages of a backbone.</summary>
public enum PerceptualPooling
{
    /// <summary>Maxima, as the backbones were trained and LPIPS was published.</summary>
    Max,

    /// <summary>Means of 2x2 in place of the maxima: what openai's consistency models were trained with, on VGG16.</summary>
    Average,
}

/// <summary>Which perceptual distance.</summary>
/// <param name="Backbone">The network.</param>
/// <param name="WeightsPath">The file of its weights, <see cref="PerceptualBackbones.TorchvisionFile"/> for example.</param>
public sealed record PerceptualOptions(PerceptualBackbone Backbone, string WeightsPath)
{
    /// <summary>What stands between the stages.</summary>
    public PerceptualPooling Pooling { get; init; } = PerceptualPooling.Max;
}

/// <summary>Where the backbones' weights come from.</summary>
public static class PerceptualBackbones
{
    /// <summary>The name of torchvision's file of weights; it lies at https://download.pytorch.org/models/.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a declared backbone.</exception>
    public static string TorchvisionFile(this PerceptualBackbone backbone) => backbone switch
    {
        PerceptualBackbone.Vgg16 => "vgg16-397923af.pth",
        PerceptualBackbone.Alex => "alexnet-owt-7be5be79.pth",
        PerceptualBackbone.Squeeze => "squeezenet1_1-b8a52dc0.pth",
        _ => throw new ArgumentOutOfRangeException(nameof(backbone), backbone, "Not a declared backbone."),
    };
}
