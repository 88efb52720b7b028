using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Optimization;

/// <summary>
/// Rectified Adam (Liu et al. 2019, Algorithm 2) over flat buffers, as PyTorch's torch.optim.RAdam computes it.
/// TorchSharp's own applies the learning rate twice once rectification begins. Owns its two moment buffers.
/// </summary>
public sealed class RAdam : IDisposable
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _eps;

    /// <summary>Creates zero moments for parameters like these.</summary>
    /// <param name="like">A flat parameter tensor.</param>
    /// <param name="beta1">Decay of the mean of gradients, in [0, 1).</param>
    /// <param name="beta2">Decay of the mean of squared gradients, in [0, 1).</param>
    /// <param name="eps">Added to the root of the second moment.</param>
    public RAdam(Tensor like, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8)
    {
        _beta1 = beta1;
        _beta2 = beta2;
        _eps = eps;
        using var scope = NewDisposeScope();
        FirstMoment = zeros_like(like).DetachFromDisposeScope();
        SecondMoment = zeros_like(like).DetachFromDisposeScope();
    }

    /// <summary>Steps taken so far; restored together with the moments.</summary>
    public long Steps { get; set; }

    /// <summary>Running mean of gradients.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of squared gradients.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates the parameters in place.</summary>
    /// <param name="values">Flat parameters.</param>
    /// <param name="gradients">Flat gradients.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="weightDecay">L2 penalty, added to the gradient as in the original trainers (not decoupled).</param>
    public void Step(Tensor values, Tensor gradients, double learningRate, double weightDecay = 0)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Steps++;
        var gradient = weightDecay == 0 ? gradients : gradients.Plus(values.Times(weightDecay));
        FirstMoment.ScaleInPlace(_beta1);
        FirstMoment.AddInPlace(gradient, 1 - _beta1);
        SecondMoment.ScaleInPlace(_beta2);
        SecondMoment.AddProductInPlace(gradient, gradient, 1 - _beta2);
        var correction1 = 1 - Math.Pow(_beta1, Steps);
        var correction2 = 1 - Math.Pow(_beta2, Steps);
        var rhoInfinity = (2 / (1 - _beta2)) - 1;
        var rho = rhoInfinity - (2 * Steps * Math.Pow(_beta2, Steps) / correction2);
        // Below this many effective samples the variance of the adaptive rate is unbounded: plain momentum instead.
        if (rho <= 5)
        {
            values.AddInPlace(FirstMoment, -learningRate / correction1);
            return;
        }

        var rectification = Math.Sqrt((rho - 4) * (rho - 2) * rhoInfinity / ((rhoInfinity - 4) * (rhoInfinity - 2) * rho));
        var rate = learningRate * rectification * Math.Sqrt(correction2) / correction1;
        var root = SecondMoment.sqrt();
        root.AddInPlace(_eps);
        values.AddQuotientInPlace(FirstMoment, root, -rate);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
