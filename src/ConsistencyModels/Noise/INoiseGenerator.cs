namespace ConsistencyModels.Noise;

/// <summary>
/// Where a sampler's random numbers come from. A batch is drawn as a whole, so that an implementation may give every
/// image a stream of its own. Not safe for use by several threads at once.
/// </summary>
public interface INoiseGenerator
{
    /// <summary>Fills a batch with samples of the standard normal distribution.</summary>
    /// <param name="batch">The batch, [images, …] contiguous; its length is a multiple of <paramref name="images"/>.</param>
    /// <param name="images">Number of images in the batch, at least 1.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of <paramref name="images"/>, or there are more images than streams.</exception>
    void Randn(Span<float> batch, int images);

    /// <summary>Draws one integer per image, uniformly from [low, high).</summary>
    /// <param name="low">Smallest value.</param>
    /// <param name="high">One more than the largest value.</param>
    /// <param name="perImage">Receives one value per image.</param>
    /// <exception cref="ArgumentException">The range is empty, or there are more images than streams.</exception>
    void RandInt(long low, long high, Span<long> perImage);
}
