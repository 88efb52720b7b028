namespace ConsistencyModels.Pixels;

/// <summary>The two ways between the networks' floats in [-1, 1] and bytes. They differ by at most one level.</summary>
public enum PixelConvention
{
    /// <summary>
    /// diffusers (VaeImageProcessor): x / 2 + 0.5, clamped to [0, 1], times 255, rounded half to even; back: 2 · (v / 255) - 1.
    /// </summary>
    Diffusers,

    /// <summary>
    /// openai/consistency_models (image_sample.py, image_datasets.py): (x + 1) · 127.5, clamped to [0, 255], truncated;
    /// back: v / 127.5 - 1.
    /// </summary>
    OpenAi,
}
