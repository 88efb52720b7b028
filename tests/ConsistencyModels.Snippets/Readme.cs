using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>README.md</summary>
internal static class Readme
{
    public static void Run()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(Path.Combine(AppContext.BaseDirectory, "models/crawl-tiles-32"));

        // One step, of a class drawn by chance.
        pipeline.Generate().Images[0].Save("tile.png");

        // A book in four steps, the same one every time.
        var result = pipeline.Generate(new() { NumInferenceSteps = 4, ClassLabels = [5], Seed = 25 });
        result.Images[0].Save("book.png");
        Console.WriteLine(result);

        // Several at once: each is the picture of its seed alone.
        result = pipeline.Generate(new() { BatchSize = 3, Seeds = [1, 2, 3], ClassLabels = [3] });
    }
}
