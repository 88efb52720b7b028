using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// The one loop of consistency sampling (arXiv 2303.01469, Algorithm 1) and of editing (Algorithm 4), which differ in whether
/// something is put in place of x₀ before noise is added again.
/// </summary>
internal static class MultistepLoop
{
    /// <summary>Denoises the batch in place at a level.</summary>
    internal delegate void DenoiseStep(int step, MultistepLevel level, Span<float> x);

    /// <summary>Changes x₀ in place.</summary>
    internal delegate void ReplaceStep(Span<float> denoised);

    /// <summary>Looks at the batch after a step, with the noise for the next one in it.</summary>
    internal delegate void AfterStep(int step, MultistepLevel level, ReadOnlySpan<float> x);

    /// <summary>Runs it.</summary>
    /// <param name="levels">The steps.</param>
    /// <param name="x">The noisy batch at the first level; images on return.</param>
    /// <param name="images">Number of images in it.</param>
    /// <param name="noise">Source of the noise between steps.</param>
    /// <param name="denoise">The network.</param>
    /// <param name="replace">What an edit does to x₀; null for plain sampling.</param>
    /// <param name="after">Told of every step; null for nobody.</param>
    public static void Run(
        IReadOnlyList<MultistepLevel> levels,
        Span<float> x,
        int images,
        INoiseGenerator noise,
        DenoiseStep denoise,
        ReplaceStep? replace,
        AfterStep? after)
    {
        var rented = levels.Any(level => level.NoiseAfter is not null) ? ArrayPool<float>.Shared.Rent(x.Length) : [];
        try
        {
            for (var step = 0; step < levels.Count; step++)
            {
                denoise(step, levels[step], x);
                replace?.Invoke(x);
                if (levels[step].NoiseAfter is { } scale)
                {
                    var drawn = rented.AsSpan(0, x.Length);
                    noise.Randn(drawn, images);
                    TensorPrimitives.MultiplyAdd(drawn, scale, x, x);
                }

                after?.Invoke(step, levels[step], x);
            }
        }
        finally
        {
            if (rented.Length > 0)
            {
                ArrayPool<float>.Shared.Return(rented);
            }
        }
    }
}
