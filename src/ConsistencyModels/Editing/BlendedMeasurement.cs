namespace ConsistencyModels.Editing;

/// <summary>
/// Several measurements of one picture, put into x₀ one after the other. Where their projections commute, as those of
/// inpainting and colorization do, all of them hold afterwards; otherwise the last one holds exactly and the others nearly.
/// </summary>
public sealed class BlendedMeasurement : IMeasurement
{
    private readonly IMeasurement[] _parts;

    /// <summary>Combines them.</summary>
    /// <param name="parts">At least one, in the order in which they are imposed.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public BlendedMeasurement(IReadOnlyList<IMeasurement> parts) => _parts = AtLeastOne(parts, "A blend needs at least one measurement.");

    /// <summary>The measurements in order.</summary>
    public IReadOnlyList<IMeasurement> Parts => _parts;

    /// <inheritdoc/>
    public float Background => _parts[0].Background;

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
        foreach (var part in _parts)
        {
            part.ThrowIfNotFor(shape);
        }
    }

    /// <inheritdoc/>
    public void Impose(ReadOnlySpan<float> reference, Span<float> x, ImageShape shape)
    {
        foreach (var part in _parts)
        {
            part.Impose(reference, x, shape);
        }
    }

    internal static IMeasurement[] AtLeastOne(IReadOnlyList<IMeasurement> parts, string message)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return parts.Count > 0 ? [.. parts] : throw new ArgumentException(message, nameof(parts));
    }
}

/// <summary>A measurement for each image of a batch, so that pictures with different masks, or of different edits, are drawn together.</summary>
public sealed class PerImageMeasurement : IMeasurement
{
    private readonly IMeasurement[] _images;

    /// <summary>Takes one measurement per image.</summary>
    /// <param name="images">As many as there will be images, each for a batch of one.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public PerImageMeasurement(IReadOnlyList<IMeasurement> images) =>
        _images = BlendedMeasurement.AtLeastOne(images, "There must be a measurement for each image.");

    /// <summary>The measurements in the order of the images.</summary>
    public IReadOnlyList<IMeasurement> Images => _images;

    /// <inheritdoc/>
    public float Background => _images[0].Background;

    /// <inheritdoc/>
    public void ThrowIfNotFor(ImageShape shape)
    {
        if (shape.Batch != _images.Length)
        {
            throw new ConsistencyModelsException($"There are measurements for {_images.Length} images; expected {shape.Batch}, one for each.");
        }

        foreach (var image in _images)
        {
            image.ThrowIfNotFor(shape.WithBatch(1));
        }
    }

    /// <inheritdoc/>
    public void Impose(ReadOnlySpan<float> reference, Span<float> x, ImageShape shape)
    {
        ThrowIfNotFor(shape);
        if (reference.Length != shape.Length || x.Length != shape.Length)
        {
            throw new ArgumentException($"There are {reference.Length} reference values and {x.Length} others; expected {shape.Length}, shape {shape}.", nameof(x));
        }

        for (var (image, start) = (0, 0); image < _images.Length; image++, start += shape.ImageLength)
        {
            _images[image].Impose(reference.Slice(start, shape.ImageLength), x.Slice(start, shape.ImageLength), shape.WithBatch(1));
        }
    }
}
