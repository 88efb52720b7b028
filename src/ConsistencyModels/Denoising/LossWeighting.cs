namespace ConsistencyModels.Denoising;

/// <summary>How a training loss weighs the noise levels: openai's <c>weight_schedule</c>, with snr = 1/σ².</summary>
public enum LossWeighting
{
    /// <summary>1 for every level; <c>uniform</c>.</summary>
    Uniform,

    /// <summary>snr; <c>snr</c>.</summary>
    Snr,

    /// <summary>snr + 1; <c>snr+1</c>.</summary>
    SnrPlusOne,

    /// <summary>snr + 1/σ_data², EDM's; <c>karras</c>.</summary>
    Karras,

    /// <summary>snr, but at least 1; <c>truncated-snr</c>.</summary>
    TruncatedSnr,
}

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
