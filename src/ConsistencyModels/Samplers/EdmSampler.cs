using ConsistencyModels.Denoising;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Samplers;

/// <summary>
/// EDM's own sampler for diffusion models, stepping in double precision: with the defaults Algorithm 2 of arXiv 2206.00364 in
/// 18 steps (<c>edm_sampler</c> of NVlabs/edm), with other settings its general form, Algorithm 1 with any schedule
/// (<c>ablation_sampler</c>). Noise is drawn in every step, with or without churn. Its reference does not clamp the result:
/// set <see cref="SamplingOptions.ClampResult"/> to false for that.
/// </summary>
/// <exception cref="ArgumentException">When it samples: there are more steps than <see cref="EdmDiscretization.ImprovedDdpm"/> has levels.</exception>
public sealed record EdmSampler : ISampler
{
    /// <summary>Number of steps, at least 1; 18 for CIFAR-10 and 40 for ImageNet-64 in the paper's tables.</summary>
    public int Steps { get; init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "There must be at least one step."); } = 18;

    /// <summary>The smallest level above 0; null for that of <see cref="Discretization"/>.</summary>
    public double? SigmaMin { get; init; }

    /// <summary>The largest level; null for that of <see cref="Discretization"/>.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>ρ, the curvature of EDM's levels.</summary>
    public double Rho { get; init; } = 7;

    /// <summary>Euler or Heun.</summary>
    public EdmSolver Solver { get; init; } = EdmSolver.Heun;

    /// <summary>Where it stops.</summary>
    public EdmDiscretization Discretization { get; init; }

    /// <summary>What it integrates over.</summary>
    public EdmTime Time { get; init; }

    /// <summary>Whether the sample is kept at unit variance by s(t) = 1/√(1 + σ²), as the variance preserving SDE does.</summary>
    public bool ScaledVariancePreserving { get; init; }

    /// <summary>α of the second order: 1 is Heun's method, 1/2 the midpoint, 2/3 Ralston's. Above 0.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>The stochastic part.</summary>
    public Churn Churn { get; init; } = Churn.None;

    /// <inheritdoc/>
    public double InitialSigma
    {
        get
        {
            var curve = new EdmCurve(this);
            var first = curve.TimeOf(curve.Levels[0]);
            return curve.Sigma(first) * curve.Scale(first);
        }
    }

    /// <inheritdoc/>
    public int NetworkEvaluations => Solver == EdmSolver.Euler ? Steps : (2 * Steps) - 1;

    /// <inheritdoc/>
    public void Sample(
        IDenoiser denoiser,
        Span<float> x,
        ImageShape shape,
        INoiseGenerator noise,
        SamplingOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        using var run = new SamplerRun(denoiser, x.Length, shape, noise, options, NetworkEvaluations, cancellationToken);
        new EdmWalk(this, run, x).Run(x);
        run.Finish(x);
    }
}
