namespace ConsistencyModels.Pipelines;

/// <summary>Called during generation after a step.</summary>
/// <param name="step">The step just done, from 0.</param>
/// <param name="timestep">Its timestep 250·ln σ, as diffusers passes it.</param>
/// <param name="latents">The batch after the step, with the noise for the next step in it. Valid during the call only.</param>
/// <param name="shape">Shape of <paramref name="latents"/>.</param>
public delegate void StepCallback(int step, double timestep, ReadOnlySpan<float> latents, ImageShape shape);
