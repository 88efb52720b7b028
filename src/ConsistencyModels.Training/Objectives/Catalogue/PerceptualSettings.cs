using ConsistencyModels.Networks;
using ConsistencyModels.Training.Objectives.Metrics;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>The settings of <c>metric=lpips</c>: which network, its file, and the pooling between its stages.</summary>
internal static class PerceptualSettings
{
    private const string Weights = "lpips_weights";

    public static IMetric Perceptual(this SettingValues settings)
    {
        var backbone = settings.Word("lpips", "vgg16", "vgg16", "alex", "squeeze") switch
        {
            "alex" => PerceptualBackbone.Alex,
            "squeeze" => PerceptualBackbone.Squeeze,
            _ => PerceptualBackbone.Vgg16,
        };

        // The published models were trained with averages; the other networks are known with maxima only.
        var average = backbone == PerceptualBackbone.Vgg16 && settings.Word("lpips_pooling", "average", "average", "max") == "average";
        var path = settings.Path(Weights)
            ?? throw settings.Bad($"metric lpips measures with a network's features, and {Weights} does not say where its weights are; expected the path of torchvision's {backbone.TorchvisionFile()}, which lies at https://download.pytorch.org/models/");
        var open = settings.ImageDistances
            ?? throw settings.Bad("metric lpips needs an engine with gradients, and there is none here; expected the Torch engine (ConsistencyModels.Torch, LpipsDistance.Open)");
        var distance = open(new PerceptualOptions(backbone, path) { Pooling = average ? PerceptualPooling.Average : PerceptualPooling.Max });

        // A run is the same wherever the file lies, and another with other weights.
        settings.Identify(Weights, distance.Identity);
        return PerceptualMetric.Resized(distance);
    }
}
