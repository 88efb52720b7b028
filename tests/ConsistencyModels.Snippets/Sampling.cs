using ConsistencyModels;
using ConsistencyModels.Noise;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Samplers;

namespace Snippets;

/// <summary>docs/editing.md</summary>
internal static class Sampling
{
    public static void Run()
    {
        using var teacher = DiffusionPipeline.FromPretrained("runs/edm/model");
        var shape = new ImageShape(1, 3, 32, 32);
        var x = new float[shape.Length];
        var noise = new TorchGenerator(seed: 1);
        noise.Randn(x);
        new HeunSampler(NoiseLevels.Karras(18)).Sample(teacher.Denoiser, x, shape, noise, new() { ClassLabels = new[] { 0 } });   // x now holds the image
    }
}
