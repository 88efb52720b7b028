using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>src/ConsistencyModels.Imaging/README.md</summary>
internal static class ImagingPackage
{
    public static void Run()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained("path/to/diffusers-cd_imagenet64_l2");
        pipeline.Generate().Images[0].Save("onestep.png");
    }
}
