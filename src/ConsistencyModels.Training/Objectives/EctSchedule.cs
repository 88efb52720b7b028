using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// Easy consistency tuning's map from a noise level t to the nearby lower level r (Geng et al. 2024, "Consistency Models
/// Made Easy"): r = max(0, t (1 - q^-(s+1) (1 + k sigmoid(-b t)))). At stage s = 0 small t go to r = 0, which is plain
/// denoising; with each stage the gap shrinks by q, and the network becomes a consistency model.
/// </summary>
/// <param name="Q">Factor by which the gap shrinks each stage; above 1.</param>
/// <param name="K">How much wider the gap is at small t; only with <see cref="EctAdjustment.Sigmoid"/>.</param>
/// <param name="B">How fast that widening fades with t; likewise.</param>
/// <param name="StageImages">Images after which the next stage begins; 0 keeps stage 0 for the whole run.</param>
/// <param name="Adjustment">How the gap depends on t.</param>
public sealed record EctSchedule(
    double Q = 2, double K = 8, double B = 1, long StageImages = 0, EctAdjustment Adjustment = EctAdjustment.Sigmoid)
{
    /// <summary>Factor by which the gap shrinks each stage; above 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is 1 or less: the gap would never shrink.</exception>
    public double Q { get; init; } = Q > 1 && double.IsFinite(Q) ? Q : throw new ArgumentOutOfRangeException(nameof(Q), Q, "Q must be a number above 1.");

    // Float32 has 24 bits: with a smaller gap little of t - r is left, and at 2^-24 the loss is 0/0.
    private const double SmallestDecay = 1.0 / (1 << 14);

    /// <summary>The stage after that many images. The last one is that whose gap is still well above float32's rounding.</summary>
    public int Stage(long imagesSeen)
    {
        var last = Math.Max(0, (int)Math.Floor(-Math.Log(SmallestDecay) / Math.Log(Q)) - 1);
        return StageImages <= 0 ? 0 : (int)Math.Min(imagesSeen / StageImages, last);
    }

    /// <summary>The gap's share of t far from 0: q^-(s+1).</summary>
    public double Decay(int stage) => 1 / Math.Pow(Q, stage + 1);

    /// <summary>r for each t, at a stage. The caller disposes the result.</summary>
    /// <param name="t">[N] noise levels.</param>
    /// <param name="stage">The stage, from 0.</param>
    public Tensor MapToR(Tensor t, int stage)
    {
        using var scope = NewDisposeScope();
        var decay = Decay(stage);
        var r = Adjustment == EctAdjustment.Constant
            ? t.Times(1 - decay)
            : t * t.Times(-B).sigmoid().Times(K).Plus(1).Times(-decay).Plus(1);
        return r.AtLeast(0).MoveToOuterDisposeScope();
    }
}
