using ConsistencyModels.Data;
using ConsistencyModels.Evaluation.Extractors;
using ConsistencyModels.Evaluation.Features;
using ConsistencyModels.Evaluation.Metrics;
using ConsistencyModels.Evaluation.Pictures;

namespace Snippets;

/// <summary>src/ConsistencyModels.Evaluation/README.md</summary>
internal static class EvaluationPackage
{
    public static void Run()
    {
        using var extractor = new ExtractorStore().Open("resnet18");
        using var real = DataSetPictures.Open("pictures", new ImageDataSetOptions { Size = 32 });
        using var drawn = DataSetPictures.Open("held-out", new ImageDataSetOptions { Size = 32 });
        var extraction = new FeatureExtraction(extractor);
        var distance = FrechetDistance.Between(extraction.Run(drawn)!.Features, extraction.Run(real)!.Features);
        Console.WriteLine($"FD-{extractor.Manifest.Name} {distance:F2}");
    }
}
