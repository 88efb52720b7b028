using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>
/// Continuous-time consistency models (Lu and Song 2024, "sCM"): from a teacher (sCD) or from pictures alone (sCT), by the tangent of
/// the trajectory, normalised and warmed up, with adaptive weights. Starts from a diffusion model's weights.
/// </summary>
public static class ContinuousConsistencyRecipe
{
    private const int CifarBatch = 512;

    internal static ObjectiveRecipe Value { get; } = new("scm", "a continuous-time consistency model, tuned from a diffusion model; --teacher distils", Make)
    {
        Tunes = true,
        PublishedBatch = CifarBatch,
        TeacherSwitch = "distill",
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var gap = settings.Word("form", "continuous", "continuous", "discrete") == "discrete" ? settings.Number("gap", 0.01, above: 0) : 0;
        return new()
        {
            Name = "scm",
            Makes = ModelKind.Consistency,
            Levels = new LogNormalLevels(settings.Number("p_mean", -1.0), settings.Number("p_std", 1.4, above: 0), settings.Switch("stratified", false)),
            Target = new TangentTarget(
                sigmaData,
                settings.Whole("warmup_steps", 10_000),
                settings.Switch("distill", false),
                gap,
                settings.Number("tangent_c", 0.1, above: 0)),
            Weight = new TangentWeight(sigmaData, settings.Switch("adaptive_weight", true), settings.Switch("prior_weight", false)),
            Metric = new L2Metric(),
            Preconditioning = Preconditioning.Edm(sigmaData),
            Scheduler = new() { SigmaData = sigmaData },
            Settings = settings.Taken,
        };
    }
}
