namespace ConsistencyModels.Noise;

/// <summary>
/// One stream for all images of a batch: every image gets the same numbers, those a batch of one would get. Frames of an
/// interpolation then differ by nothing but what is interpolated.
/// </summary>
/// <param name="source">Where the numbers come from.</param>
public sealed class SharedNoise(INoiseGenerator source) : INoiseGenerator
{
    /// <inheritdoc/>
    public void Randn(Span<float> batch, int images)
    {
        var length = PerImageGenerator.ImageLength(batch.Length, images);
        source.Randn(batch[..length], 1);
        for (var image = 1; image < images; image++)
        {
            batch[..length].CopyTo(batch.Slice(image * length, length));
        }
    }

    /// <inheritdoc/>
    public void RandInt(long low, long high, Span<long> perImage)
    {
        source.RandInt(low, high, perImage[..1]);
        perImage.Fill(perImage[0]);
    }
}
