namespace ConsistencyModels.Samplers;

/// <summary>Called by a sampler in every step.</summary>
/// <param name="step">What the step knows; valid during the call only.</param>
public delegate void SamplerCallback(SamplerStep step);
