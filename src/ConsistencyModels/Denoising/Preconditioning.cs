namespace ConsistencyModels.Denoising;

/// <summary>
/// The scalars that turn a network F into a denoiser: D(x, σ) = c_skip(σ)·x + c_out(σ)·F(c_in(σ)·x, c_noise(σ)).
/// Pure functions of the noise level σ, a float32 as in the references. Immutable and safe to share between threads.
/// </summary>
/// <remarks>
/// EDM's form is equation 7 and table 1 of arXiv 2206.00364, the consistency model's boundary form appendix C of
/// arXiv 2303.01469, where ε = σ_min shifts c_skip and c_out so that D(x, ε) = x whatever F is. Mixing up the two is the
/// classic fault when a diffusion teacher is loaded as a consistency model or the other way round.
/// Matches <c>get_scalings</c> and <c>get_scalings_for_boundary_condition</c> of openai/consistency_models and diffusers.
/// </remarks>
public sealed record Preconditioning
{
    private Preconditioning(double sigmaData, double sigmaMin)
    {
        if (!(sigmaData > 0 && double.IsFinite(sigmaData)))
        {
            throw new ArgumentOutOfRangeException(nameof(sigmaData), sigmaData, "sigma_data must be a positive number.");
        }

        if (!(sigmaMin >= 0 && double.IsFinite(sigmaMin)))
        {
            throw new ArgumentOutOfRangeException(nameof(sigmaMin), sigmaMin, "sigma_min must be a number from 0 up.");
        }

        SigmaData = sigmaData;

        // As float32: noise levels come as float32, and σ = ε has to be an exact identity.
        Epsilon = (float)sigmaMin;
    }

    /// <summary>σ_data, the standard deviation of the data; positive, 0.5 for every published model.</summary>
    public double SigmaData { get; }

    /// <summary>ε: the noise level at which the denoiser is the identity. 0 in EDM's form, σ_min in the boundary form.</summary>
    public float Epsilon { get; }

    /// <summary>EDM's form, for diffusion models (teachers) and easy consistency tuning; the identity at σ = 0.</summary>
    /// <param name="sigmaData">σ_data, positive.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sigmaData"/> is not positive and finite.</exception>
    public static Preconditioning Edm(double sigmaData = 0.5) => new(sigmaData, 0);

    /// <summary>The consistency model's boundary form; the identity at σ = <paramref name="sigmaMin"/>.</summary>
    /// <param name="sigmaData">σ_data, positive.</param>
    /// <param name="sigmaMin">ε = σ_min, from 0 up; 0.002 for every published model.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    public static Preconditioning Consistency(double sigmaData = 0.5, double sigmaMin = 0.002) => new(sigmaData, sigmaMin);

    /// <summary>Weight of the noisy image: σ_data² / ((σ - ε)² + σ_data²), in (0, 1].</summary>
    /// <param name="sigma">Noise level, from 0 up.</param>
    public float CSkip(float sigma) => (float)ConsistencyScalings.BoundaryCondition<double>(sigma, Epsilon, SigmaData).CSkip;

    /// <summary>Weight of the network's output: (σ - ε)·σ_data / √(σ² + σ_data²). Negative below ε.</summary>
    /// <param name="sigma">Noise level, from 0 up.</param>
    public float COut(float sigma) => (float)ConsistencyScalings.BoundaryCondition<double>(sigma, Epsilon, SigmaData).COut;

    /// <summary>Scale of the network's input: 1 / √(σ² + σ_data²), which gives it unit variance. The same in both forms.</summary>
    /// <param name="sigma">Noise level, from 0 up.</param>
    public float CIn(float sigma) => (float)(1 / Math.Sqrt(((double)sigma * sigma) + (SigmaData * SigmaData)));

    /// <summary>
    /// The timestep handed to the network: 250·ln(σ + 1e-44), a thousand times EDM's ¼·ln σ. Not truncated to integers;
    /// in single precision, as openai's code computes it.
    /// About 1095.5 at σ = 80, -1553.7 at 0.002 and -25333 at 0.
    /// </summary>
    /// <param name="sigma">Noise level, from 0 up.</param>
    public static float CNoise(float sigma) => KarrasSigmas.SigmaToT(sigma);
}
