namespace ConsistencyModels.Noise;

/// <summary>
/// One <see cref="TorchGenerator"/> per image, so that an image does not depend on the size of its batch or its place in it.
/// With a list of seeds it draws what diffusers draws for a list of generators; <see cref="ForSamples"/> matches openai's
/// <c>DeterministicIndividualGenerator</c>. Not safe for use by several threads at once.
/// </summary>
public sealed class PerImageGenerator : INoiseGenerator
{
    private readonly TorchGenerator[] _generators;

    /// <summary>Image i of a batch uses generator i.</summary>
    /// <param name="generators">One or more; they are used, not copied.</param>
    /// <exception cref="ArgumentException">The list is empty.</exception>
    public PerImageGenerator(IEnumerable<TorchGenerator> generators)
    {
        ArgumentNullException.ThrowIfNull(generators);
        _generators = [.. generators];
        if (_generators.Length == 0)
        {
            throw new ArgumentException("There must be at least one generator.", nameof(generators));
        }
    }

    /// <summary>Image i of a batch uses seed i.</summary>
    /// <param name="seeds">One or more seeds.</param>
    /// <exception cref="ArgumentException">The list is empty.</exception>
    public PerImageGenerator(IEnumerable<ulong> seeds)
        : this((seeds ?? throw new ArgumentNullException(nameof(seeds))).Select(seed => new TorchGenerator(seed)))
    {
    }

    /// <summary>The most images a batch may have.</summary>
    public int Count => _generators.Length;

    /// <summary>
    /// The generators of samples <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1 of a run
    /// of <paramref name="total"/>: sample i has the seed i + total·seed, however the run is cut into batches.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="total">Number of samples in the whole run, at least 1.</param>
    /// <param name="first">Index of this batch's first sample, at least 0.</param>
    /// <param name="count">Number of samples in this batch, at least 1; first + count must not exceed total.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch does not lie within the run.</exception>
    public static PerImageGenerator ForSamples(ulong seed, int total, int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(total);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, total - first);
        return new PerImageGenerator(Enumerable.Range(first, count).Select(i => unchecked((ulong)i + ((ulong)total * seed))));
    }

    /// <inheritdoc/>
    public void Randn(Span<float> batch, int images)
    {
        var length = ImageLength(batch.Length, images);
        Check(images);
        for (var i = 0; i < images; i++)
        {
            _generators[i].Randn(batch.Slice(i * length, length));
        }
    }

    /// <inheritdoc/>
    public void RandInt(long low, long high, Span<long> perImage)
    {
        Check(perImage.Length);
        for (var i = 0; i < perImage.Length; i++)
        {
            _generators[i].RandInt(low, high, perImage.Slice(i, 1));
        }
    }

    internal static int ImageLength(int batchLength, int images)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        return batchLength % images == 0
            ? batchLength / images
            : throw new ArgumentException($"A batch of {batchLength} numbers cannot be {images} images of one size.", nameof(images));
    }

    private void Check(int images)
    {
        if (images > _generators.Length)
        {
            throw new ArgumentException($"A batch of {images} images needs as many generators, there are {_generators.Length}.", nameof(images));
        }
    }
}

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
