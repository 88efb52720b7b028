using static TorchSharp.torch;

namespace ConsistencyModels.Training.Optimization;

/// <summary>The running average of parameters that samples are drawn from, by EDM's half-life in images.</summary>
public static class ExponentialAverage
{
    /// <summary>Share of the old average kept at a step.</summary>
    /// <param name="batch">Images of the step.</param>
    /// <param name="imagesSeen">Images before the step.</param>
    /// <param name="halfLife">Images after which a parameter's weight in the average has halved.</param>
    /// <param name="rampRatio">The half-life is at most this share of the images seen, so that early averages forget the start; 0 for none.</param>
    public static double Beta(int batch, long imagesSeen, double halfLife, double rampRatio)
    {
        var life = rampRatio > 0 ? Math.Min(halfLife, imagesSeen * rampRatio) : halfLife;
        return Math.Pow(0.5, batch / Math.Max(life, 1e-8));
    }

    /// <summary>average ← β average + (1 - β) values, in place, on flat tensors.</summary>
    public static void Update(Tensor average, Tensor values, double beta)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        average.lerp_(values, 1 - beta);
    }
}
