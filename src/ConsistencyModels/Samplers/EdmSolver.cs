namespace ConsistencyModels.Samplers;

/// <summary>The order of <see cref="EdmSampler"/>'s steps.</summary>
public enum EdmSolver
{
    /// <summary>First order: one network call a step.</summary>
    Euler,

    /// <summary>Second order: two network calls a step, and one in the last.</summary>
    Heun,
}
