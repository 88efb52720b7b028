using System.Numerics;

namespace ConsistencyModels.Denoising;

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
