using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>src/ConsistencyModels/README.md</summary>
internal static class CorePackage
{
    public static void Run()
    {
        // A folder in diffusers' layout, a .pt of openai's, or organisation/name on the Hub.
        using var pipeline = ConsistencyModelPipeline.FromPretrained("path/to/diffusers-cd_imagenet64_l2");
        var result = pipeline.Generate(new() { ClassLabels = [145], Seed = 0 });
        Console.WriteLine(result);
    }
}
