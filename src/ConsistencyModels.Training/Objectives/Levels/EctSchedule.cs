namespace ConsistencyModels.Training.Objectives.Levels;

/// <summary>How the gap between t and r depends on t.</summary>
public enum EctAdjustment
{
    /// <summary>Wider at small t by a factor of up to 1 + k/2, so that the early stages denoise there; the published choice.</summary>
    Sigmoid,

    /// <summary>The same share of t everywhere.</summary>
    Constant,
}

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
    // Float32 has 24 bits: with a smaller gap little of t - r is left, and at 2^-24 the loss is 0/0.
    private const double SmallestDecay = 1.0 / (1 << 14);

    /// <summary>Factor by which the gap shrinks each stage; above 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is 1 or less: the gap would never shrink.</exception>
    public double Q { get; init; } = Q > 1 && double.IsFinite(Q) ? Q : throw new ArgumentOutOfRangeException(nameof(Q), Q, "Q must be a number above 1.");

    /// <summary>The stage after that many images. The last one is that whose gap is still well above float32's rounding.</summary>
    /// <param name="imagesSeen">Images so far.</param>
    public int Stage(long imagesSeen)
    {
        var last = Math.Max(0, (int)Math.Floor(-Math.Log(SmallestDecay) / Math.Log(Q)) - 1);
        return StageImages <= 0 ? 0 : (int)Math.Min(imagesSeen / StageImages, last);
    }

    /// <summary>The gap's share of t far from 0: q^-(s+1).</summary>
    /// <param name="stage">s, from 0.</param>
    public double Decay(int stage) => 1 / Math.Pow(Q, stage + 1);

    /// <summary>r for t at a stage, in single precision as the reference computes it.</summary>
    /// <param name="t">Noise level, from 0 up.</param>
    /// <param name="stage">s, from 0.</param>
    public float MapToR(float t, int stage)
    {
        var decay = (float)Decay(stage);
        if (Adjustment == EctAdjustment.Constant)
        {
            return Math.Max(0, t * (float)(1 - Decay(stage)));
        }

        var sigmoid = 1 / (1 + MathF.Exp(t * (float)B));
        var share = 1 + (((sigmoid * (float)K) + 1) * -decay);
        return Math.Max(0, t * share);
    }
}
