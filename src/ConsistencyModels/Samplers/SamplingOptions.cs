namespace ConsistencyModels.Samplers;

/// <summary>What every sampler understands, whatever its own settings are.</summary>
public sealed record SamplingOptions
{
    /// <summary>The defaults.</summary>
    public static SamplingOptions Default { get; } = new();

    /// <summary>One label an image, or empty where the model has no classes.</summary>
    public ReadOnlyMemory<int> ClassLabels { get; init; }

    /// <summary>
    /// Whether the result is clamped to [-1, 1], as openai's <c>karras_sample</c> does for every sampler and EDM's own does not.
    /// </summary>
    public bool ClampResult { get; init; } = true;

    /// <summary>Called in every step, once the denoiser has seen the sample.</summary>
    public SamplerCallback? Callback { get; init; }

    /// <summary>Told after every network call how far the work is.</summary>
    public IProgress<SamplerProgress>? Progress { get; init; }
}
