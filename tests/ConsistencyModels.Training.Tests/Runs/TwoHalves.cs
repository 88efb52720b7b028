using ConsistencyModels.Data;

namespace ConsistencyModels.Training.Tests.Runs;

/// <summary>Two classes of 8x8 pictures: bright on the left, or bright on the right, in 16 shades each.</summary>
internal sealed class TwoHalves : IImageDataSet
{
    private const int Shades = 16;
    private readonly int[] _labels = [.. Enumerable.Range(0, 2 * Shades).Select(i => i % 2)];

    public int Count => 2 * Shades;

    public int Channels => 3;

    public int Height => 8;

    public int Width => 8;

    public IReadOnlyList<string> ClassNames { get; init; } = ["left", "right"];

    public ReadOnlySpan<int> Labels => _labels;

    public string Fingerprint { get; init; } = "two halves";

    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            var bright = 1 - (0.6f * (indices[i] / 2) / Shades);
            var right = (indices[i] % 2 == 1) ^ (!flips.IsEmpty && flips[i]);
            for (var p = 0; p < Channels * Height * Width; p++)
            {
                images[(i * Channels * Height * Width) + p] = (p % Width >= Width / 2) == right ? bright : -bright;
            }

            labels[i] = indices[i] % 2;
        }
    }
}
