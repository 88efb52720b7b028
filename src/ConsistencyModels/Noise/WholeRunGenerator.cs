namespace ConsistencyModels.Noise;

/// <summary>
/// One generator for a run of many samples whose numbers do not depend on where the batches begin, provided that the batches
/// before made the same draws: every draw is made for the whole run and this batch's rows are kept. It matches openai's
/// <c>DeterministicGenerator</c> (<c>--generator determ</c>) and costs time and memory in proportion to the run;
/// <see cref="PerImageGenerator.ForSamples"/> is the cheap way to the same property. Not safe for use by several threads at once.
/// </summary>
public sealed class WholeRunGenerator : INoiseGenerator
{
    private readonly TorchGenerator _generator;

    /// <summary>The generator for the batch that begins with sample <paramref name="first"/>.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="total">Number of samples in the whole run, at least 1.</param>
    /// <param name="first">Index of this batch's first sample, in [0, total).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="first"/> does not lie within the run.</exception>
    public WholeRunGenerator(ulong seed, int total, int first = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(total);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, total);
        _generator = new TorchGenerator(seed);
        Total = total;
        First = first;
    }

    /// <summary>Number of samples in the whole run.</summary>
    public int Total { get; }

    /// <summary>Index of this batch's first sample.</summary>
    public int First { get; }

    /// <inheritdoc/>
    public void Randn(Span<float> batch, int images)
    {
        var length = PerImageGenerator.ImageLength(batch.Length, images);
        Check(images);
        var all = new float[checked(length * Total)];
        _generator.Randn(all);
        all.AsSpan(First * length, batch.Length).CopyTo(batch);
    }

    /// <inheritdoc/>
    public void RandInt(long low, long high, Span<long> perImage)
    {
        Check(perImage.Length);
        var all = new long[Total];
        _generator.RandInt(low, high, all);
        all.AsSpan(First, perImage.Length).CopyTo(perImage);
    }

    private void Check(int images)
    {
        if (images > Total - First)
        {
            throw new ArgumentException($"A batch of {images} images from {First} on does not fit a run of {Total}.", nameof(images));
        }
    }
}
