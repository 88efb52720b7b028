using ConsistencyModels.Networks;

namespace ConsistencyModels.Torch.Perceptual;

/// <summary>A layer of a backbone. Every convolution has a bias and ends in max(x, 0).</summary>
internal abstract record BackboneLayer
{
    /// <summary>A square convolution; its tensors are <c>Name.weight</c> [Outputs, Inputs, Kernel, Kernel] and <c>Name.bias</c>.</summary>
    internal sealed record Convolution(string Name, int Inputs, int Outputs, int Kernel, int Stride = 1, int Padding = 0) : BackboneLayer;

    /// <summary>SqueezeNet's fire module: to few channels, and from them to many, half by 1x1 and half by 3x3.</summary>
    internal sealed record Fire(Convolution Squeeze, Convolution Expand1, Convolution Expand3) : BackboneLayer;

    /// <summary>Maxima at a stride of 2; <paramref name="Up"/> keeps a window that begins inside and ends outside.</summary>
    internal sealed record Pooling(int Kernel, bool Up = false) : BackboneLayer;

    /// <summary>No arithmetic: what is there is a feature, of so many channels.</summary>
    internal sealed record Feature(int Channels) : BackboneLayer;
}

/// <summary>A network for ImageNet up to its last feature, under the names of torchvision's state dicts.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="Heads">The name of its linear heads.</param>
/// <param name="Layers">Its layers in order.</param>
internal sealed record Backbone(string Name, string Heads, IReadOnlyList<BackboneLayer> Layers)
{
    /// <summary>Every convolution, in the order of the layers.</summary>
    public IEnumerable<BackboneLayer.Convolution> Convolutions => Layers.SelectMany(layer => layer switch
    {
        BackboneLayer.Convolution convolution => [convolution],
        BackboneLayer.Fire fire => [fire.Squeeze, fire.Expand1, fire.Expand3],
        _ => Array.Empty<BackboneLayer.Convolution>(),
    });

    /// <summary>The channels of each feature.</summary>
    public IEnumerable<int> FeatureChannels => Layers.OfType<BackboneLayer.Feature>().Select(feature => feature.Channels);

    /// <summary>The least height and width that the layers leave something of.</summary>
    public int LeastSize { get; } = Enumerable.Range(1, 256).First(size => Layers.Aggregate(size, After) > 0);

    /// <summary>The description of one of them.</summary>
    public static Backbone Of(PerceptualBackbone backbone) => backbone switch
    {
        PerceptualBackbone.Vgg16 => Vgg16,
        PerceptualBackbone.Alex => Alex,
        PerceptualBackbone.Squeeze => Squeeze,
        _ => throw new ArgumentOutOfRangeException(nameof(backbone), backbone, "Not a declared backbone."),
    };

    // Simonyan and Zisserman 2014, configuration D, up to relu5_3.
    private static Backbone Vgg16 { get; } = new("VGG16", "vgg", [.. VggLayers()]);

    // Krizhevsky 2014 ("one weird trick"), up to relu5.
    private static Backbone Alex { get; } = new("AlexNet", "alex",
    [
        new BackboneLayer.Convolution("features.0", 3, 64, 11, 4, 2),
        new BackboneLayer.Feature(64),
        new BackboneLayer.Pooling(3),
        new BackboneLayer.Convolution("features.3", 64, 192, 5, Padding: 2),
        new BackboneLayer.Feature(192),
        new BackboneLayer.Pooling(3),
        new BackboneLayer.Convolution("features.6", 192, 384, 3, Padding: 1),
        new BackboneLayer.Feature(384),
        new BackboneLayer.Convolution("features.8", 384, 256, 3, Padding: 1),
        new BackboneLayer.Feature(256),
        new BackboneLayer.Convolution("features.10", 256, 256, 3, Padding: 1),
        new BackboneLayer.Feature(256),
    ]);

    // Iandola et al. 2016, version 1.1: a feature before each pooling, and after each of the last fires.
    private static Backbone Squeeze { get; } = new("SqueezeNet 1.1", "squeeze",
    [
        new BackboneLayer.Convolution("features.0", 3, 64, 3, 2),
        new BackboneLayer.Feature(64),
        new BackboneLayer.Pooling(3, Up: true),
        Fire(3, 64, 16, 64),
        Fire(4, 128, 16, 64),
        new BackboneLayer.Feature(128),
        new BackboneLayer.Pooling(3, Up: true),
        Fire(6, 128, 32, 128),
        Fire(7, 256, 32, 128),
        new BackboneLayer.Feature(256),
        new BackboneLayer.Pooling(3, Up: true),
        Fire(9, 256, 48, 192),
        new BackboneLayer.Feature(384),
        Fire(10, 384, 48, 192),
        new BackboneLayer.Feature(384),
        Fire(11, 384, 64, 256),
        new BackboneLayer.Feature(512),
        Fire(12, 512, 64, 256),
        new BackboneLayer.Feature(512),
    ]);

    private static IEnumerable<BackboneLayer> VggLayers()
    {
        (int Count, int Channels)[] stages = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)];
        var (place, inputs) = (0, 3);
        foreach (var (count, channels) in stages)
        {
            if (place > 0)
            {
                yield return new BackboneLayer.Pooling(2);
                place++;
            }

            for (var i = 0; i < count; i++)
            {
                yield return new BackboneLayer.Convolution($"features.{place}", inputs, channels, 3, Padding: 1);
                inputs = channels;

                // The maximum with 0 has a place of its own.
                place += 2;
            }

            yield return new BackboneLayer.Feature(channels);
        }
    }

    private static BackboneLayer.Fire Fire(int place, int inputs, int few, int many) => new(
        new($"features.{place}.squeeze", inputs, few, 1),
        new($"features.{place}.expand1x1", few, many, 1),
        new($"features.{place}.expand3x3", few, many, 3, Padding: 1));

    private static int After(int size, BackboneLayer layer) => layer switch
    {
        BackboneLayer.Convolution c => size + (2 * c.Padding) < c.Kernel ? 0 : ((size + (2 * c.Padding) - c.Kernel) / c.Stride) + 1,
        BackboneLayer.Pooling p => size < p.Kernel ? 0 : ((size - p.Kernel + (p.Up ? 1 : 0)) / 2) + 1,
        _ => size,
    };
}
