namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// Easy consistency tuning's map from a noise level t to the nearby lower level r (Geng et al. 2024, "Consistency Models
/// Made Easy"): r = max(0, t (1 - q^-(s+1) (1 + k sigmoid(-b t)))). At stage s = 0 small t go to r = 0, which is plain
/// denoising; with each stage the gap shrinks by q, and the network becomes a consistency model.
/// </summary>
/// <param name="Q">Factor by which the gap shrinks each stage; above 1.</param>
/// <param name="K">How much wider the gap is at small t.</param>
/// <param name="B">How fast that widening fades with t.</param>
/// <param name="StageImages">Images after which the next stage begins; 0 keeps stage 0 for the whole run.</param>
public sealed record EctSchedule(double Q = 2, double K = 8, double B = 1, long StageImages = 0)
{
    /// <summary>The stage after that many images.</summary>
    public int Stage(long imagesSeen) => StageImages <= 0 ? 0 : (int)(imagesSeen / StageImages);

    /// <summary>The gap's share of t far from 0: q^-(s+1).</summary>
    public double Decay(int stage) => 1 / Math.Pow(Q, stage + 1);
}
