using ConsistencyModels.Files;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Samplers;

/// <summary>The samplers by name.</summary>
public enum SamplerKind
{
    /// <summary><see cref="OneStepSampler"/>, for consistency models.</summary>
    OneStep,

    /// <summary><see cref="MultistepSampler"/>, for consistency models.</summary>
    Multistep,

    /// <summary><see cref="HeunSampler"/>, for diffusion models.</summary>
    Heun,

    /// <summary><see cref="EulerSampler"/>, for diffusion models.</summary>
    Euler,

    /// <summary><see cref="EulerAncestralSampler"/>, for diffusion models.</summary>
    Ancestral,

    /// <summary><see cref="Dpm2Sampler"/>, for diffusion models.</summary>
    Dpm2,

    /// <summary><see cref="EdmSampler"/>, for diffusion models.</summary>
    Edm,

    /// <summary><see cref="ProgressiveDistillationSampler"/>, for progressively distilled models: as many steps as the model was trained for.</summary>
    Progressive,
}

/// <summary>
/// A sampler in a few words, as a command line or a configuration says them: which one, in how many steps, from which level.
/// The levels between come from the model's scheduler.
/// </summary>
public sealed record SamplerSettings
{
    private const int FirstOrderSteps = 36;
    private const int SecondOrderSteps = 18;

    /// <summary>Which sampler.</summary>
    public required SamplerKind Kind { get; init; }

    /// <summary>Number of steps, at least 1; null for <see cref="DefaultSteps"/>. Multistep sampling takes at most num_train_timesteps.</summary>
    public int? Steps { get; init; }

    /// <summary>A custom schedule in place of <see cref="Steps"/>, for multistep sampling only: as <see cref="MultistepSchedule.FromTimesteps"/>.</summary>
    public IReadOnlyList<int>? Timesteps { get; init => field = ValueList<int>.OfOrNull(value); }

    /// <summary>The noise level to start at, above the model's σ_min; null for the model's σ_max.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>S_churn: how much fresh noise is added on the way, 0 or more; for Heun, DPM-2 and EDM. See <see cref="Churn.Amount"/>.</summary>
    public double Churn { get; init; }

    /// <summary>The steps a sampler takes where no number is given: 1 for consistency models and progressively distilled ones, and about 36 network calls for diffusion models.</summary>
    /// <param name="kind">Which sampler.</param>
    public static int DefaultSteps(SamplerKind kind) => kind switch
    {
        SamplerKind.OneStep or SamplerKind.Multistep or SamplerKind.Progressive => 1,
        SamplerKind.Euler or SamplerKind.Ancestral => FirstOrderSteps,
        _ => SecondOrderSteps,
    };

    /// <summary>Makes the sampler.</summary>
    /// <param name="scheduler">The model's scheduler: σ_min, σ_max, ρ, and the levels of multistep sampling.</param>
    /// <exception cref="ArgumentException">
    /// A setting is out of its range, does not fit the model, or is not one of this sampler's; its name is the exception's
    /// <see cref="ArgumentException.ParamName"/>.
    /// </exception>
    public ISampler Create(CMStochasticIterativeSchedulerConfig scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        Check(scheduler);
        var steps = Steps ?? DefaultSteps(Kind);
        var sigmaMax = SigmaMax ?? scheduler.SigmaMax;
        return Kind switch
        {
            SamplerKind.OneStep => new OneStepSampler(sigmaMax),
            SamplerKind.Multistep => new MultistepSampler(Schedule(steps, scheduler)),
            SamplerKind.Heun => new HeunSampler(Levels(), new() { Amount = Churn }),
            SamplerKind.Euler => new EulerSampler(Levels()),
            SamplerKind.Ancestral => new EulerAncestralSampler(Levels()),
            SamplerKind.Progressive => new ProgressiveDistillationSampler(NoiseLevels.Karras(steps + 1, scheduler.SigmaMin, sigmaMax, scheduler.Rho)),
            SamplerKind.Dpm2 => new Dpm2Sampler(Levels(), new() { Amount = Churn }),
            _ => new EdmSampler { Steps = steps, SigmaMin = scheduler.SigmaMin, SigmaMax = sigmaMax, Rho = scheduler.Rho, Churn = new() { Amount = Churn } },
        };

        NoiseLevels Levels() => NoiseLevels.Karras(steps, scheduler.SigmaMin, sigmaMax, scheduler.Rho);
    }

    private MultistepSchedule Schedule(int steps, CMStochasticIterativeSchedulerConfig scheduler) =>
        Timesteps is not null ? MultistepSchedule.FromTimesteps(Timesteps, scheduler)
        : SigmaMax is { } sigma ? MultistepSchedule.From(sigma, steps, scheduler)
        : MultistepSchedule.FromSteps(steps, scheduler);

    private void Check(CMStochasticIterativeSchedulerConfig scheduler)
    {
        if (!Enum.IsDefined(Kind))
        {
            throw new ArgumentOutOfRangeException(nameof(Kind), Kind, $"The sampler must be one of {string.Join(", ", Enum.GetNames<SamplerKind>())}.");
        }

        if (Steps is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(Steps), Steps, "There must be at least one step.");
        }

        if (Kind == SamplerKind.OneStep && Steps is > 1)
        {
            throw new ArgumentException($"One-step sampling takes one step, not {Steps}; for more use multistep sampling.", nameof(Steps));
        }

        if (Timesteps is not null && (Kind != SamplerKind.Multistep || Steps is not null || SigmaMax is not null))
        {
            throw new ArgumentException("A list of timesteps is a whole schedule of multistep sampling: it goes with no other sampler, number of steps or first level.", nameof(Timesteps));
        }

        if (SigmaMax is { } sigma && !(sigma > scheduler.SigmaMin && double.IsFinite(sigma)))
        {
            throw new ArgumentOutOfRangeException(nameof(SigmaMax), sigma, FormattableString.Invariant($"The first noise level must be a finite number above the model's smallest, {scheduler.SigmaMin}."));
        }

        if (Churn != 0 && Kind is not (SamplerKind.Heun or SamplerKind.Dpm2 or SamplerKind.Edm))
        {
            throw new ArgumentException($"The samplers with churn are Heun, Dpm2 and Edm; this one is {Kind}.", nameof(Churn));
        }
    }
}
