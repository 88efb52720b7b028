using ConsistencyModels.Data;

namespace ConsistencyModels.Training.Tests.Learning;

/// <summary>Discs, frames and crosses of many sizes and places, bright on dark, 8x8 in one channel, drawn from a seed.</summary>
internal sealed class DrawnShapes(int count, int seed) : IImageDataSet
{
    private const int Side = 8;
    private readonly float[][] _images = Draw(count, seed);

    public int Count => count;

    public int Channels => 1;

    public int Height => Side;

    public int Width => Side;

    public IReadOnlyList<string> ClassNames { get; } = ["shapes"];

    public ReadOnlySpan<int> Labels => new int[count];

    public string Fingerprint => $"shapes {count} {seed}";

    /// <summary>All images end to end.</summary>
    public float[] All => [.. _images.SelectMany(image => image)];

    public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels, ReadOnlySpan<bool> flips)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            _images[indices[i]].CopyTo(images[(i * Side * Side)..]);
        }

        labels.Clear();
    }

    private static float[][] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Draw(random))];
    }

    private static float[] Draw(Random random)
    {
        var kind = random.Next(3);
        var (x, y) = (2.5 + (3 * random.NextDouble()), 2.5 + (3 * random.NextDouble()));
        var size = 1.5 + random.NextDouble();
        var image = new float[Side * Side];
        for (var i = 0; i < image.Length; i++)
        {
            var (dx, dy) = (Math.Abs((i % Side) - x), Math.Abs((i / Side) - y));
            var distance = kind switch
            {
                0 => Math.Sqrt((dx * dx) + (dy * dy)) - size,
                1 => Math.Abs(Math.Max(dx, dy) - size) - 0.5,
                _ => Math.Max(Math.Min(dx, dy) - 0.5, Math.Max(dx, dy) - size),
            };

            // One pixel of soft edge.
            image[i] = (float)Math.Clamp(-2 * distance, -1, 1);
        }

        return image;
    }
}
