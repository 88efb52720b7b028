using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>src/ConsistencyModels.Models.CrawlTiles/README.md</summary>
internal static class ModelPackage
{
    public static void Run()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(Path.Combine(AppContext.BaseDirectory, "models", "crawl-tiles-32"));
        pipeline.Generate(new() { NumInferenceSteps = 4, ClassLabels = [5], Seed = 25 }).Images[0].Save("book.png");
    }
}
