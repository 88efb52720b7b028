namespace ConsistencyModels.Editing;

/// <summary>
/// What an edit knows about the picture it is to make (arXiv 2303.01469, Algorithm 4): some coordinates of it under an orthogonal
/// transform. Immutable and safe to share between threads.
/// </summary>
public interface IMeasurement
{
    /// <summary>What stands for the unknown in <see cref="MeasurementExtensions.Observe"/>; a value in [-1, 1].</summary>
    float Background { get; }

    /// <summary>Throws if the measurement is not for such images.</summary>
    /// <param name="shape">Shape of the batch.</param>
    /// <exception cref="ConsistencyModelsException">Says what was found and expected.</exception>
    void ThrowIfNotFor(ImageShape shape);

    /// <summary>
    /// Puts what is known of the reference into other images: x ← A⁻¹[A y ⊙ Ω + A x ⊙ (1 - Ω)], where Ω is 1 for what is known.
    /// </summary>
    /// <param name="reference">y, [N, C, H, W]; only its known part matters.</param>
    /// <param name="x">[N, C, H, W], changed in place.</param>
    /// <param name="shape">Shape of both.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images.</exception>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    void Impose(ReadOnlySpan<float> reference, Span<float> x, ImageShape shape);
}

/// <summary>What follows from a measurement.</summary>
public static class MeasurementExtensions
{
    /// <summary>
    /// What an edit sees of a picture: its known part, and <see cref="IMeasurement.Background"/> for the rest. Masked, gray or
    /// coarse: the "images" that openai's editing functions return beside their result.
    /// </summary>
    /// <param name="measurement">The measurement.</param>
    /// <param name="reference">[N, C, H, W] in [-1, 1].</param>
    /// <param name="observed">Receives as many values; must not overlap the reference.</param>
    /// <param name="shape">Shape of both.</param>
    /// <exception cref="ConsistencyModelsException">The measurement is not for such images.</exception>
    public static void Observe(this IMeasurement measurement, ReadOnlySpan<float> reference, Span<float> observed, ImageShape shape)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        observed.Fill(measurement.Background);
        measurement.Impose(reference, observed, shape);
    }
}
