namespace ConsistencyModels.Evaluation.Metrics;

/// <summary>A number with how far chance may have moved it.</summary>
/// <param name="Value">The number.</param>
/// <param name="Spread">A standard deviation or error, as the metric says; null where it has none.</param>
public readonly record struct MetricValue(double Value, double? Spread = null)
{
    /// <summary>The mean of parts and their standard deviation (of the population, as numpy's <c>std</c>).</summary>
    /// <param name="parts">At least one.</param>
    internal static MetricValue OfParts(IReadOnlyCollection<double> parts)
    {
        var mean = parts.Average();
        return new(mean, Math.Sqrt(parts.Average(part => (part - mean) * (part - mean))));
    }
}
