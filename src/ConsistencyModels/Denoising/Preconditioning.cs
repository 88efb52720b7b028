using System.Numerics;

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

/// <summary>
/// c_skip and c_out, which make a network F into a denoiser c_skip(sigma)·x + c_out(sigma)·F. Pure functions, in the
/// precision of their type argument: near sigma_min float32 and float64 differ noticeably, and each reference has its own.
/// </summary>
public static class ConsistencyScalings
{
    /// <summary>EDM's scalings (arXiv 2206.00364, table 1): c_skip = d²/(s² + d²), c_out = s·d/√(s² + d²).</summary>
    /// <param name="sigma">Noise level s, 0 or more.</param>
    /// <param name="sigmaData">Standard deviation d of the data.</param>
    public static (T CSkip, T COut) Edm<T>(T sigma, double sigmaData)
        where T : IFloatingPointIeee754<T>
    {
        var data = T.CreateChecked(sigmaData);
        var data2 = T.CreateChecked(sigmaData * sigmaData);
        var sum = (sigma * sigma) + data2;
        return (data2 / sum, sigma * data / T.Sqrt(sum));
    }

    /// <summary>
    /// The scalings of a consistency model (arXiv 2303.01469, appendix C), which are exactly (1, 0) at sigma_min:
    /// c_skip = d²/((s - e)² + d²), c_out = (s - e)·d/√(s² + d²).
    /// </summary>
    /// <param name="sigma">Noise level s, <paramref name="sigmaMin"/> or more.</param>
    /// <param name="sigmaMin">Smallest noise level e.</param>
    /// <param name="sigmaData">Standard deviation d of the data.</param>
    public static (T CSkip, T COut) BoundaryCondition<T>(T sigma, double sigmaMin, double sigmaData)
        where T : IFloatingPointIeee754<T>
    {
        var data = T.CreateChecked(sigmaData);
        var data2 = T.CreateChecked(sigmaData * sigmaData);
        var above = sigma - T.CreateChecked(sigmaMin);
        return (data2 / ((above * above) + data2), above * data / T.Sqrt((sigma * sigma) + data2));
    }
}
