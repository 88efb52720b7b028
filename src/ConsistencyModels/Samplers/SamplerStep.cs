namespace ConsistencyModels.Samplers;

/// <summary>A step of a sampler, after its first network call. The memory is the sampler's: it changes after the call.</summary>
public readonly ref struct SamplerStep
{
    internal SamplerStep(int index, float sigma, float sigmaHat, ReadOnlySpan<float> x, ReadOnlySpan<float> denoised)
    {
        Index = index;
        Sigma = sigma;
        SigmaHat = sigmaHat;
        X = x;
        Denoised = denoised;
    }

    /// <summary>Number of the step, from 0.</summary>
    public int Index { get; }

    /// <summary>The noise level of the schedule.</summary>
    public float Sigma { get; }

    /// <summary>The noise level the denoiser was given: higher than <see cref="Sigma"/> where churn added noise.</summary>
    public float SigmaHat { get; }

    /// <summary>The noisy batch [N, C, H, W] at <see cref="SigmaHat"/>.</summary>
    public ReadOnlySpan<float> X { get; }

    /// <summary>The denoiser's estimate of the clean images, [N, C, H, W].</summary>
    public ReadOnlySpan<float> Denoised { get; }
}
