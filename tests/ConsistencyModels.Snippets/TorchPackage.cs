using ConsistencyModels.Pipelines;
using ConsistencyModels.Torch;

namespace Snippets;

/// <summary>src/ConsistencyModels.Torch/README.md</summary>
internal static class TorchPackage
{
    public static void Run()
    {
        using var pipeline = ConsistencyModelPipeline.FromPretrained(
            "path/to/diffusers-cd_imagenet64_l2", new() { Engine = new TorchEngine(), Device = "cuda" });
    }
}
