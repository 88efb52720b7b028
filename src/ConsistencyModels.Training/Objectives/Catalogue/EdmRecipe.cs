using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Metrics;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>
/// EDM's denoising loss (Karras et al. 2022, Eq. 8 and Table 1): λ(σ) |D(x + σz; σ) - x|² with ln σ normal. Trains the diffusion
/// model that becomes the teacher. Its weight is 1/σ² + 1/σ_data² (<c>karras</c>), or one of openai's other schedules.
/// </summary>
public static class EdmRecipe
{
    private const int EdmBatch = 512;

    internal static ObjectiveRecipe Value { get; } = new("edm", "a diffusion model from pictures (the teacher of the others)", Make) { PublishedBatch = EdmBatch };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        return new()
        {
            Name = "edm",
            Makes = ModelKind.Diffusion,
            Levels = new LogNormalLevels(settings.Number("p_mean", -1.2), settings.Number("p_std", 1.2, above: 0), settings.Switch("stratified", false)),
            Target = new CleanTarget(),
            Weight = new ScheduleWeight(settings.Weighting("karras"), sigmaData),
            Metric = new L2Metric(),
            Preconditioning = Preconditioning.Edm(sigmaData),
            Scheduler = SchedulerPresets.Diffusion with { SigmaData = sigmaData },
            Settings = settings.Taken,
        };
    }
}
