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
    public BlendedMeasurement(IReadOnlyList<IMeasurement> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
        {
            throw new ArgumentException("A blend needs at least one measurement.", nameof(parts));
        }

        _parts = [.. parts];
    }

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
}
