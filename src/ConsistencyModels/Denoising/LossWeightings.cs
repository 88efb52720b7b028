namespace ConsistencyModels.Denoising;

/// <summary>The weights of <see cref="LossWeighting"/>: openai's <c>get_weightings</c>. Pure functions in single precision.</summary>
public static class LossWeightings
{
    /// <summary>The weight of a noise level.</summary>
    /// <param name="weighting">Which schedule.</param>
    /// <param name="sigma">Noise level, above 0.</param>
    /// <param name="sigmaData">Standard deviation of the data, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such schedule.</exception>
    public static float Weight(this LossWeighting weighting, float sigma, double sigmaData)
    {
        var snr = 1 / (sigma * sigma);
        return weighting switch
        {
            LossWeighting.Uniform => 1,
            LossWeighting.Snr => snr,
            LossWeighting.SnrPlusOne => snr + 1,
            LossWeighting.Karras => snr + (float)(1 / (sigmaData * sigmaData)),
            LossWeighting.TruncatedSnr => Math.Max(snr, 1),
            _ => throw new ArgumentOutOfRangeException(nameof(weighting), weighting, "There is no such schedule."),
        };
    }
}
