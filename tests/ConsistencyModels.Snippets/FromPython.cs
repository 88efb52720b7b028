using ConsistencyModels.Imaging;
using ConsistencyModels.Pipelines;

namespace Snippets;

/// <summary>docs/from-python.md</summary>
internal static class FromPython
{
    public static async Task Run()
    {
        using var pipe = await ConsistencyModelPipeline.FromPretrainedAsync("openai/diffusers-cd_imagenet64_l2");
        pipe.Generate(new() { NumInferenceSteps = 1 }).Images[0].Save("onestep.png");
        pipe.Generate(new() { NumInferenceSteps = 1, ClassLabels = [145] }).Images[0].Save("penguin.png");
        pipe.Generate(new() { NumInferenceSteps = null, Timesteps = [22, 0], ClassLabels = [145] }).Images[0].Save("penguin-multistep.png");
    }
}
