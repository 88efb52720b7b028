namespace ConsistencyModels.Samplers;

/// <summary>How far a sampler is; reported after every network call.</summary>
/// <param name="Done">Network calls made.</param>
/// <param name="Total">Network calls in all.</param>
public readonly record struct SamplerProgress(int Done, int Total)
{
    /// <summary>The part done, from above 0 to 1.</summary>
    public double Fraction => (double)Done / Total;
}
