namespace ConsistencyModels.Samplers;

/// <summary>
/// The stochastic part of EDM's Algorithm 2 (arXiv 2206.00364): in some steps the noise level is first raised by fresh noise.
/// Immutable; the default is none at all.
/// </summary>
public sealed record Churn
{
    private static readonly double LargestGamma = Math.Sqrt(2) - 1;

    /// <summary>No churn: a deterministic sampler.</summary>
    public static Churn None { get; } = new();

    /// <summary>S_churn: how much in all; spread evenly over the steps and at most √2 - 1 of the level in each. 0 or more.</summary>
    public double Amount { get; init; }

    /// <summary>S_tmin: the lowest level at which noise is added.</summary>
    public double SigmaMin { get; init; }

    /// <summary>S_tmax: the highest level at which noise is added.</summary>
    public double SigmaMax { get; init; } = double.PositiveInfinity;

    /// <summary>S_noise: standard deviation of the noise; a little above 1 makes up for what a denoiser removes too much.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>γ: by which part of itself a level is raised.</summary>
    /// <param name="sigma">The level.</param>
    /// <param name="steps">Number of steps, at least 1.</param>
    public double Gamma(double sigma, int steps) =>
        sigma >= SigmaMin && sigma <= SigmaMax ? Math.Min(Amount / steps, LargestGamma) : 0;

    /// <summary>The same for a level in single precision, in which openai's samplers compare it with the ends as well.</summary>
    internal double Gamma(float sigma, int steps) =>
        sigma >= (float)SigmaMin && sigma <= (float)SigmaMax ? Math.Min(Amount / steps, LargestGamma) : 0;
}
