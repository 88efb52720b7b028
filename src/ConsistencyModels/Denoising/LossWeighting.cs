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
