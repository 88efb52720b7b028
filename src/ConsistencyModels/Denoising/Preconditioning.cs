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

/// <summary>The noise levels of Karras et al. (arXiv 2206.00364, equation 5) and the networks' view of them. Pure functions.</summary>
public static class KarrasSigmas
{
    /// <summary>The networks take 250 times the logarithm of a noise level: EDM's c_noise = ln(sigma)/4 on the scale of a thousand timesteps.</summary>
    public const double TimestepScale = 1000 * 0.25;

    /// <summary>What is added to a noise level so that 0 has a logarithm. As a float32 it is a denormal, which keeps three bits.</summary>
    public const double LevelOffset = 1e-44;

    /// <summary>The level at one place of the schedule: (max^(1/rho) + ramp·(min^(1/rho) - max^(1/rho)))^rho.</summary>
    /// <param name="ramp">Place in the schedule: 0 gives <paramref name="sigmaMax"/>, 1 gives <paramref name="sigmaMin"/>.</param>
    /// <param name="sigmaMin">Smallest level, above 0.</param>
    /// <param name="sigmaMax">Largest level.</param>
    /// <param name="rho">Curvature, above 0; 7 in the paper.</param>
    public static double At(double ramp, double sigmaMin, double sigmaMax, double rho)
    {
        var min = Math.Pow(sigmaMin, 1 / rho);
        var max = Math.Pow(sigmaMax, 1 / rho);
        return Math.Pow(max + (ramp * (min - max)), rho);
    }

    /// <summary><paramref name="count"/> levels from <paramref name="sigmaMax"/> down to <paramref name="sigmaMin"/>, in double precision.</summary>
    /// <param name="count">Number of levels, at least 1; a single one is <paramref name="sigmaMax"/>.</param>
    /// <param name="sigmaMin">Smallest level, above 0.</param>
    /// <param name="sigmaMax">Largest level.</param>
    /// <param name="rho">Curvature, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public static double[] Table(int count, double sigmaMin, double sigmaMax, double rho)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var sigmas = new double[count];
        for (var i = 0; i < count; i++)
        {
            sigmas[i] = At(count == 1 ? 0 : (double)i / (count - 1), sigmaMin, sigmaMax, rho);
        }

        return sigmas;
    }

    /// <summary>
    /// openai's <c>get_sigmas_karras</c>: the same in single precision, and a 0 behind it. Its rounding shows: the first level is
    /// 79.99998 for a sigma_max of 80.
    /// </summary>
    /// <param name="count">Number of levels above 0, at least 1; a single one is <paramref name="sigmaMax"/>.</param>
    /// <param name="sigmaMin">Smallest level, above 0.</param>
    /// <param name="sigmaMax">Largest level.</param>
    /// <param name="rho">Curvature, above 0.</param>
    /// <returns><paramref name="count"/> + 1 levels, descending to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public static float[] SingleTable(int count, double sigmaMin, double sigmaMax, double rho)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var sigmas = new float[count + 1];
        var max = Math.Pow(sigmaMax, 1 / rho);
        var difference = (float)(Math.Pow(sigmaMin, 1 / rho) - max);
        for (var i = 0; i < count; i++)
        {
            sigmas[i] = TorchPower((float)max + (Ramp(i, count) * difference), rho);
        }

        return sigmas;
    }

    /// <summary>
    /// The timestep the network is given for a noise level, 250·ln(sigma + 1e-44), in double precision: diffusers' <c>sigma_to_t</c>.
    /// </summary>
    /// <param name="sigma">Noise level, 0 or more; 0 gives about -25328.</param>
    public static double SigmaToT(double sigma) => TimestepScale * Math.Log(sigma + LevelOffset);

    /// <summary>
    /// The same in single precision, as openai's <c>KarrasDenoiser</c> computes it.
    /// </summary>
    /// <param name="sigma">Noise level, 0 or more; 0 gives about -25333, for 1e-44 is a denormal float32 that keeps three bits.</param>
    public static float SigmaToT(float sigma) => (float)TimestepScale * MathF.Log(sigma + (float)LevelOffset);

    // As torch raises a tensor to a power: for the cube it multiplies, rounding twice. The last bit decides whether a level at the
    // very edge of churn's range lies in it. NumPy's and Python's own powers are plain ones.
    internal static double TorchPower(double root, double rho) => rho == 3 ? root * root * root : Math.Pow(root, rho);

    private static float TorchPower(float root, double rho) => rho == 3 ? root * root * root : (float)Math.Pow(root, rho);

    // torch.linspace(0, 1, count) of float32, with the rounding of its AVX2 kernel: it counts from the nearer end, and vectors of
    // eight, taken in pairs, count on from their first number.
    private static float Ramp(int index, int count)
    {
        var step = 1f / Math.Max(1, count - 1);
        var first = index < count - (count % 16) ? index - (index % 8) : index;
        var start = count == 1 || first < count / 2 ? step * first : MathF.FusedMultiplyAdd(-step, count - 1 - first, 1);
        return start + (step * (index - first));
    }
}
