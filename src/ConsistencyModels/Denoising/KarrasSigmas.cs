namespace ConsistencyModels.Denoising;

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
