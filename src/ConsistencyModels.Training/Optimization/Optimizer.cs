using ConsistencyModels.Networks;

namespace ConsistencyModels.Training.Optimization;

/// <summary>Which optimizer.</summary>
public enum OptimizerKind
{
    /// <summary>
    /// Rectified Adam (Liu et al. 2019, Algorithm 2), as PyTorch's torch.optim.RAdam computes it: plain momentum until the second
    /// moment means something. What consistency models are trained with.
    /// </summary>
    RAdam,

    /// <summary>Adam (Kingma and Ba 2015), as torch.optim.Adam: EDM's.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW.</summary>
    AdamW,
}

/// <summary>An optimizer's settings, and the numbers of each of its steps.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1).</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">An L2 penalty in the gradient for Adam and RAdam, a share of the parameters times the step size for AdamW.</param>
public sealed record Optimizer(
    OptimizerKind Kind = OptimizerKind.RAdam, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8, double WeightDecay = 0)
{
    // Below this many effective samples the variance of the adaptive rate is unbounded.
    private const double FewestSamples = 5;

    /// <summary>The numbers of a step.</summary>
    /// <param name="step">Which, from 1.</param>
    /// <param name="rate">Step size.</param>
    public AdaptiveStep At(long step, double rate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        var correction1 = 1 - Math.Pow(Beta1, step);
        var correction2 = 1 - Math.Pow(Beta2, step);
        if (Kind != OptimizerKind.RAdam)
        {
            var adam = new AdaptiveStep(Beta1, Beta2, rate / correction1, 1 / Math.Sqrt(correction2), Epsilon);
            return Kind == OptimizerKind.AdamW ? adam with { Decay = rate * WeightDecay } : adam with { L2 = WeightDecay };
        }

        var rhoInfinity = (2 / (1 - Beta2)) - 1;
        var rho = rhoInfinity - (2 * step * Math.Pow(Beta2, step) / correction2);
        if (rho <= FewestSamples)
        {
            return new(Beta1, Beta2, rate / correction1, RootScale: null, Epsilon, L2: WeightDecay);
        }

        var rectification = Math.Sqrt((rho - 4) * (rho - 2) * rhoInfinity / ((rhoInfinity - 4) * (rhoInfinity - 2) * rho));
        return new(Beta1, Beta2, rate * rectification * Math.Sqrt(correction2) / correction1, RootScale: 1, Epsilon, L2: WeightDecay);
    }
}
