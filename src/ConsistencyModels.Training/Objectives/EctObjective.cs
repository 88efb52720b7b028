using ConsistencyModels.Torch;
using static TorchSharp.torch;

namespace ConsistencyModels.Training.Objectives;

/// <summary>
/// Easy consistency tuning (Geng et al. 2024): |D(x + tz; t) - sg D(x + rz; r)| / (t - r) with the same noise z and
/// dropout mask for both, starting from a diffusion model's weights. Where r = 0 the target is the clean image.
/// </summary>
/// <param name="Schedule">How r follows t.</param>
/// <param name="PMean">Mean of ln t.</param>
/// <param name="PStd">Standard deviation of ln t.</param>
/// <param name="C">Smoothing of the norm: √(sum of squares + c²) - c; 0 is the plain norm.</param>
/// <param name="SigmaData">Standard deviation of the data; the preconditioning and the saved schedule have the same.</param>
public sealed record EctObjective(EctSchedule Schedule, double PMean = -1.1, double PStd = 2.0, double C = 0, double SigmaData = 0.5) : IObjective
{
    // The gradient of a root at 0 is infinite; far below any real error.
    private const double TinySquare = 1e-24;

    /// <inheritdoc/>
    public string Name => "ect";

    /// <inheritdoc/>
    public bool MakesConsistencyModel => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        [nameof(PMean)] = InvariantText.Of(PMean),
        [nameof(PStd)] = InvariantText.Of(PStd),
        [nameof(C)] = InvariantText.Of(C),
        [nameof(SigmaData)] = InvariantText.Of(SigmaData),
        [nameof(EctSchedule.Q)] = InvariantText.Of(Schedule.Q),
        [nameof(EctSchedule.K)] = InvariantText.Of(Schedule.K),
        [nameof(EctSchedule.B)] = InvariantText.Of(Schedule.B),
        [nameof(EctSchedule.StageImages)] = InvariantText.Of(Schedule.StageImages),
        [nameof(EctSchedule.Adjustment)] = Schedule.Adjustment.ToString(),
    };

    /// <inheritdoc/>
    public Tensor Losses(Denoise denoise, TrainingBatch batch, long imagesSeen)
    {
        using var scope = NewDisposeScope();
        var t = batch.Normals.Times(PStd).Plus(PMean).exp();
        var r = Schedule.MapToR(t, Schedule.Stage(imagesSeen));
        batch.SeedDropout();
        var student = denoise(batch.Images.Plus(batch.Noise * t.view(-1, 1, 1, 1)), t, batch.Labels);
        var difference = student - Target(denoise, batch, r);
        var squares = (difference * difference).sum([1, 2, 3]);
        var distance = C > 0 ? squares.Plus(C * C).sqrt().Plus(-C) : squares.AtLeast(TinySquare).sqrt();
        return (distance / (t - r)).MoveToOuterDisposeScope();
    }

    private static Tensor Target(Denoise denoise, TrainingBatch batch, Tensor r)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var moves = r.Above(0).view(-1, 1, 1, 1);
        if (!moves.any().item<bool>())
        {
            return batch.Images.alias().MoveToOuterDisposeScope();
        }

        batch.SeedDropout();
        var target = denoise(batch.Images.Plus(batch.Noise * r.view(-1, 1, 1, 1)), r, batch.Labels);
        // At r = 0 a network may give NaN, since its c_noise is not finite there.
        return where(moves, target.nan_to_num(), batch.Images).MoveToOuterDisposeScope();
    }
}
