using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>
/// Progressive distillation (Salimans and Ho 2022), with Euler steps on the grid as openai's code has it: the student learns to do in
/// one step what its teacher does in two, and becomes the teacher. What comes out is a diffusion model for very few Euler steps.
/// </summary>
public static class ProgressiveDistillationRecipe
{
    private const int ImageNetBatch = 2048;

    internal static ObjectiveRecipe Value { get; } = new("pd", "halves the steps a diffusion model needs, again and again (progressive distillation)", Make)
    {
        Tunes = true,
        NeedsTeacher = true,
        PublishedBatch = ImageNetBatch,
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var grid = settings.Grid();
        var scales = (int)settings.Whole("scales", 64, 2, 1 << 20);
        if ((scales & (scales - 1)) != 0)
        {
            throw new ConsistencyModelsException($"pd: scales is {scales}, expected a power of 2: it halves down to 1");
        }

        return new()
        {
            Name = "pd",
            Makes = ModelKind.Diffusion,
            Levels = new HalvingLevels(new HalvingScales(scales, settings.Whole("stage_steps", 0)), grid.Min, grid.Max, grid.Rho),
            Target = new ProgressiveTarget(),
            Weight = new ScheduleWeight(settings.Weighting("truncated-snr"), sigmaData),
            Metric = settings.Metric("l2"),
            Preconditioning = Preconditioning.Edm(sigmaData),
            Scheduler = SchedulerPresets.Diffusion with { SigmaData = sigmaData, SigmaMin = grid.Min, SigmaMax = grid.Max, Rho = grid.Rho },
            StudentBecomesTeacher = true,
            Settings = settings.Taken,
        };
    }
}
