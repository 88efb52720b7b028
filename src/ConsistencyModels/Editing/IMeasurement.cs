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
