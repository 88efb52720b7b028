using ConsistencyModels.Evaluation.Pictures;
using ConsistencyModels.Pixels;

namespace ConsistencyModels.Evaluation.Tests.Features;

/// <summary>Gray noise, another for each number; counts what is read of it.</summary>
internal sealed class NoisePictures(int count, int seed = 0) : IPictureSet
{
    public string Name => "noise";

    public int Count => count;

    public string Identity => $"noise {seed}";

    public List<int> Asked { get; } = [];

    public IEnumerable<ImageBuffer> Read(int first, int wanted, CancellationToken cancellationToken)
    {
        for (var i = first; i < first + wanted; i++)
        {
            Asked.Add(i);
            yield return TestImages.Noise(28, 28, 1, (seed * 100_000) + i);
        }
    }
}
