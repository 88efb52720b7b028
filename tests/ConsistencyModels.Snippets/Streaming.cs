using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>The examples of GenerateMany.</summary>
internal static class Streaming
{
    public static void Run()
    {
        using var pipeline = DiffusionPipeline.FromPretrained("models/crawl-tiles-32");
        foreach (var drawn in pipeline.GenerateMany(count: 20, firstSeed: 1))
        {
            drawn.Image.Save($"{drawn.Seed}.png");
        }
    }
}
