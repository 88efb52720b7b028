namespace ConsistencyModels.Editing;

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
