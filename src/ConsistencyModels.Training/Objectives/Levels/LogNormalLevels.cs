using MathNet.Numerics;

namespace ConsistencyModels.Training.Objectives.Levels;

/// <summary>
/// Continuous levels with a normal logarithm: ln σ ~ N(PMean, PStd²) (Karras et al. 2022, Table 1). The target's level follows
/// from σ: 0 for a clean image, or what an <see cref="EctSchedule"/> says.
/// </summary>
/// <param name="PMean">Mean of ln σ.</param>
/// <param name="PStd">Standard deviation of ln σ.</param>
/// <param name="Stratified">
/// Whether the draws of a step are spread evenly: image i of B takes its draw from the i-th of B parts of equal probability. Less
/// noise in the mean loss; over several processes too.
/// </param>
/// <param name="Schedule">The target's level; null for 0.</param>
public sealed record LogNormalLevels(double PMean, double PStd, bool Stratified = false, EctSchedule? Schedule = null) : INoiseLevels
{
    /// <inheritdoc/>
    public void Draw(TrainingBatch batch, TrainingClock clock, Span<LevelPair> pairs)
    {
        var stage = Schedule?.Stage(clock.Images) ?? 0;
        for (var i = 0; i < pairs.Length; i++)
        {
            var normal = Stratified ? Spread(batch, i) : batch.Normals.Span[i];
            var sigma = MathF.Exp((normal * (float)PStd) + (float)PMean);
            pairs[i] = new(sigma, Schedule?.MapToR(sigma, stage) ?? 0);
        }
    }

    private static float Spread(TrainingBatch batch, int image)
    {
        var share = (batch.First + image + (double)batch.Uniforms.Span[image]) / (batch.Whole == 0 ? batch.Shape.Batch : batch.Whole);
        return (float)(Math.Sqrt(2) * SpecialFunctions.ErfInv((2 * Math.Clamp(share, 1e-9, 1 - 1e-9)) - 1));
    }
}
