namespace ConsistencyModels.Training.Objectives;

/// <summary>How the gap between t and r depends on t.</summary>
public enum EctAdjustment
{
    /// <summary>Wider at small t by a factor of up to 1 + k/2, so that the early stages denoise there; the published choice.</summary>
    Sigmoid,

    /// <summary>The same share of t everywhere.</summary>
    Constant,
}
