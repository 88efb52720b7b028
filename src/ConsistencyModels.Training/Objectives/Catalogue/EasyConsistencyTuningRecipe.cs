using System.Globalization;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>
/// Easy consistency tuning (Geng et al. 2024): |D(x + tz; t) - sg D(x + rz; r)| / (t - r) with the same noise z and dropout mask for
/// both, starting from a diffusion model's weights. Where r = 0 the target is the clean image. EDM's preconditioning, without the
/// shift by sigma_min: it makes r = 0 exact.
/// </summary>
public static class EasyConsistencyTuningRecipe
{
    private const int EctBatch = 128;
    private const int Stages = 8;

    internal static ObjectiveRecipe Value { get; } = new("ect", "tunes a diffusion model into a consistency model; the best value for a small budget", Make)
    {
        Tunes = true,
        PublishedBatch = EctBatch,
        ByLength = images => new("stage_images", Math.Max(1, images / Stages).ToString(CultureInfo.InvariantCulture)),
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var schedule = new EctSchedule(
            settings.Number("q", 2, above: 1),
            settings.Number("k", 8, above: 0, orEqual: true),
            settings.Number("b", 1, above: 0),
            settings.Whole("stage_images", 0),
            settings.Word("adjustment", "sigmoid", "sigmoid", "constant") == "constant" ? EctAdjustment.Constant : EctAdjustment.Sigmoid);
        return new()
        {
            Name = "ect",
            Makes = ModelKind.Consistency,
            Levels = new LogNormalLevels(settings.Number("p_mean", -1.1), settings.Number("p_std", 2, above: 0), settings.Switch("stratified", false), schedule),
            Target = new ConsistencyTarget(OdeStep.Data, NetworkRole.Self),
            Weight = new GapWeight(),
            Metric = new PseudoHuberMetric(settings.Number("c", 0, above: 0, orEqual: true)),
            Preconditioning = Preconditioning.Edm(sigmaData),
            Scheduler = new() { SigmaData = sigmaData },
            Settings = settings.Taken,
        };
    }
}
