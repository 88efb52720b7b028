namespace ConsistencyModels.Samplers;

/// <summary>What <see cref="EdmSampler"/> integrates over (arXiv 2206.00364, table 1, "schedule").</summary>
public enum EdmTime
{
    /// <summary>σ(t) = t: EDM's own.</summary>
    Linear,

    /// <summary>σ(t) = √(e^(β_d t²/2 + β_min t) - 1), with β chosen for the range of levels.</summary>
    VariancePreserving,

    /// <summary>σ(t) = √t.</summary>
    VarianceExploding,
}
