namespace ConsistencyModels.Samplers;

/// <summary>One step of multistep consistency sampling.</summary>
/// <param name="Sigma">The noise level at which the network is called.</param>
/// <param name="Timestep">What the network is given for it, 250·ln σ, in the precision in which a reference computes it.</param>
/// <param name="NoiseAfter">
/// Standard deviation of the noise added to the result, √(σ_next² - σ_min²); null where none is drawn. Drawing noise of
/// deviation 0 and drawing none differ in the generator's state.
/// </param>
public readonly record struct MultistepLevel(float Sigma, double Timestep, float? NoiseAfter);
