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

    /// <summary>The smallest level, above 0; null for that of <see cref="Discretization"/>.</summary>
    public double? SigmaMin { get; init => field = value is null ? null : Positive(value.Value, "sigma_min"); }

    /// <summary>The largest level, above the smallest; null for that of <see cref="Discretization"/>.</summary>
    public double? SigmaMax { get; init => field = value is null ? null : Positive(value.Value, "sigma_max"); }

    /// <summary>ρ, the curvature of EDM's levels, above 0.</summary>
    public double Rho { get; init => field = Positive(value, "rho"); } = 7;

    /// <summary>Euler or Heun.</summary>
    public EdmSolver Solver { get; init; } = EdmSolver.Heun;

    /// <summary>Where it stops.</summary>
    public EdmDiscretization Discretization { get; init; }

    /// <summary>What it integrates over.</summary>
    public EdmTime Time { get; init; }

    /// <summary>Whether the sample is kept at unit variance by s(t) = 1/√(1 + σ²), as the variance preserving SDE does.</summary>
    public bool ScaledVariancePreserving { get; init; }

    /// <summary>α of the second order: 1 is Heun's method, 1/2 the midpoint, 2/3 Ralston's. Above 0.</summary>
    public double Alpha { get; init => field = Positive(value, "alpha"); } = 1;

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
        using var run = new SamplingRun(this, denoiser, x.Length, shape, noise, options, cancellationToken);
        new EdmSolverLoop(this, run, x.Length).Run(x);
        run.Finish(x);
    }

    private static double Positive(double value, string name) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"{name} must be a finite number above 0.");
}

/// <summary>The order of <see cref="EdmSampler"/>'s steps.</summary>
public enum EdmSolver
{
    /// <summary>First order: one network call per step.</summary>
    Euler,

    /// <summary>Second order: two network calls per step, and one in the last.</summary>
    Heun,
}

/// <summary>Which noise levels <see cref="EdmSampler"/> stops at (arXiv 2206.00364, table 1, "time steps"), from which range by default.</summary>
public enum EdmDiscretization
{
    /// <summary>EDM's own: levels equally spaced in their ρ-th root; 0.002 to 80.</summary>
    Edm,

    /// <summary>Equal steps in the time of the variance preserving SDE (Song et al.); about 0.01 to 152.2.</summary>
    VariancePreserving,

    /// <summary>Geometric, of the variance exploding SDE (Song et al.); 0.02 to 100.</summary>
    VarianceExploding,

    /// <summary>Improved DDPM's cosine schedule of 1000 levels, thinned out; 0.002 to 81.</summary>
    ImprovedDdpm,
}

/// <summary>What <see cref="EdmSampler"/> integrates over (arXiv 2206.00364, table 1, "schedule").</summary>
public enum EdmTime
{
    /// <summary>σ(t) = t: EDM's own.</summary>
    Linear,

    /// <summary>σ(t) = √(e^(β_d t²/2 + β_min t) - 1), with β chosen for the range of levels.</summary>
    VariancePreserving,

    /// <summary>σ(t) = √t.</summary>
    VarianceExploding,
}
