using ConsistencyModels.Denoising;

namespace ConsistencyModels.Samplers;

/// <summary>The noise levels a sampler walks down, in single precision as openai's samplers hold them. Immutable.</summary>
public sealed class NoiseLevels
{
    private readonly float[] _sigmas;

    /// <summary>Takes levels as they are.</summary>
    /// <param name="sigmas">Two or more, strictly descending and finite; the last is usually 0.</param>
    /// <param name="initialSigma">What unit noise is multiplied by; null for the first level.</param>
    /// <exception cref="ArgumentException">There are fewer than two, or they do not descend to 0 or above.</exception>
    public NoiseLevels(IEnumerable<float> sigmas, double? initialSigma = null)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        _sigmas = [.. sigmas];
        if (_sigmas.Length < 2 || !float.IsFinite(_sigmas[0]) || !(_sigmas[^1] >= 0))
        {
            throw new ArgumentException("There must be at least two noise levels, finite and from 0 up.", nameof(sigmas));
        }

        for (var i = 1; i < _sigmas.Length; i++)
        {
            if (!(_sigmas[i] < _sigmas[i - 1]))
            {
                throw new ArgumentException(FormattableString.Invariant($"Noise levels must descend; found {_sigmas[i]} after {_sigmas[i - 1]}."), nameof(sigmas));
            }
        }

        InitialSigma = initialSigma ?? _sigmas[0];
    }

    /// <summary>The levels, descending.</summary>
    public IReadOnlyList<float> Sigmas => _sigmas;

    /// <summary>Number of steps between them.</summary>
    public int Steps => _sigmas.Length - 1;

    /// <summary>What unit noise is multiplied by.</summary>
    public double InitialSigma { get; }

    /// <summary>
    /// The levels of Karras et al. (arXiv 2206.00364, equation 5) as openai's <c>karras_sample</c> uses them: <paramref name="count"/>
    /// of them by <see cref="KarrasSigmas.SingleTable"/> and 0 at the end, while the first sample has exactly <paramref name="sigmaMax"/>.
    /// </summary>
    /// <param name="count">Levels above 0, at least 1.</param>
    /// <param name="sigmaMin">The smallest of them.</param>
    /// <param name="sigmaMax">The largest.</param>
    /// <param name="rho">Curvature, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive.</exception>
    public static NoiseLevels Karras(int count, double sigmaMin = 0.002, double sigmaMax = 80, double rho = 7) =>
        new(KarrasSigmas.SingleTable(count, sigmaMin, sigmaMax, rho), sigmaMax);

    internal ReadOnlySpan<float> AsSpan() => _sigmas;
}
