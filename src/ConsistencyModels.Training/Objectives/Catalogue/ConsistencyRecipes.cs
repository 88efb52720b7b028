using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Training.Objectives.Levels;
using ConsistencyModels.Training.Objectives.Schedules;
using ConsistencyModels.Training.Objectives.Targets;
using ConsistencyModels.Training.Objectives.Weights;

namespace ConsistencyModels.Training.Objectives.Catalogue;

/// <summary>Consistency distillation (Song et al. 2023, Algorithm 2): the teacher's step from one level of the grid to the next.</summary>
public static class ConsistencyDistillationRecipe
{
    private const int ImageNetBatch = 2048;

    internal static ObjectiveRecipe Value { get; } = new("cd", "distils a teacher into a consistency model, as the first paper does", Make)
    {
        Tunes = true,
        NeedsTeacher = true,
        PublishedBatch = ImageNetBatch,
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var grid = settings.Grid();
        var scales = (int)settings.Whole("scales", 40, 2, 1_000_000);
        var step = settings.Word("solver", "heun", "heun", "euler") == "euler" ? OdeStep.Euler : OdeStep.Heun;
        return new()
        {
            Name = "cd",
            Makes = ModelKind.Consistency,
            Levels = new GridLevels(new FixedScales(scales, settings.Number("target_ema", 0.95, above: 0, orEqual: true, most: 1)), ChoiceSetting.Take(settings, "uniform"), grid.Min, grid.Max, grid.Rho)
            {
                Skip = (int)settings.Whole("skip", 1, 1, scales - 1),
            },
            Target = new ConsistencyTarget(step, NetworkRole.Target) { SolverSteps = (int)settings.Whole("solver_steps", 1, 1, 1000), Rho = grid.Rho },
            Weight = new ScheduleWeight(settings.Weighting("uniform"), sigmaData),
            Metric = settings.Metric("l2"),
            Preconditioning = Preconditioning.Consistency(sigmaData, grid.Min),
            Scheduler = CommonSettings.Scheduler(scales, sigmaData, grid),
            Settings = settings.Taken,
        };
    }
}

/// <summary>Consistency training (Song et al. 2023, Algorithm 3): no teacher, a grid that grows, a target network that slows down.</summary>
public static class ConsistencyTrainingRecipe
{
    private const int ImageNetBatch = 2048;

    internal static ObjectiveRecipe Value { get; } = new("ct", "a consistency model from pictures alone, as the first paper does; wants large batches", Make)
    {
        PublishedBatch = ImageNetBatch,
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var grid = settings.Grid();
        var start = (int)settings.Whole("start_scales", 2, 1, 1_000_000);
        var end = (int)settings.Whole("end_scales", 150, start, 1_000_000);
        var ema = settings.Number("start_ema", 0.95, above: 0, orEqual: true, most: 1);
        var adaptive = settings.Word("target_ema_mode", "adaptive", "adaptive", "fixed") == "adaptive";
        return new()
        {
            Name = "ct",
            Makes = ModelKind.Consistency,
            Levels = new GridLevels(
                new GrowingScales(start, end, ema, adaptive, settings.Whole("total_steps", 0)), ChoiceSetting.Take(settings, "uniform"), grid.Min, grid.Max, grid.Rho),
            Target = new ConsistencyTarget(OdeStep.Data, NetworkRole.Target),
            Weight = new ScheduleWeight(settings.Weighting("uniform"), sigmaData),
            Metric = settings.Metric("l2"),
            Preconditioning = Preconditioning.Consistency(sigmaData, grid.Min),
            Scheduler = CommonSettings.Scheduler(end + 1, sigmaData, grid),
            Settings = settings.Taken,
        };
    }
}

/// <summary>
/// Improved consistency training (Song and Dhariwal 2023): the network is its own target, pseudo-Huber distance, levels of a normal
/// logarithm on a doubling grid, weights 1/(σ_i - σ_(i+1)).
/// </summary>
public static class ImprovedConsistencyTrainingRecipe
{
    private const int CifarBatch = 1024;

    internal static ObjectiveRecipe Value { get; } = new("ict", "a consistency model from pictures alone, improved; wants large batches", Make)
    {
        PublishedBatch = CifarBatch,
    };

    private static Objective Make(SettingValues settings)
    {
        var sigmaData = settings.SigmaData();
        var grid = settings.Grid();
        var start = (int)settings.Whole("start_scales", 10, 1, 1_000_000);
        var end = (int)settings.Whole("end_scales", 1280, start, 1_000_000);
        return new()
        {
            Name = "ict",
            Makes = ModelKind.Consistency,
            Levels = new GridLevels(
                new DoublingScales(start, end, settings.Whole("total_steps", 0)), ChoiceSetting.Take(settings, "lognormal"), grid.Min, grid.Max, grid.Rho),
            Target = new ConsistencyTarget(OdeStep.Data, NetworkRole.Self),
            Weight = new GapWeight(),
            Metric = settings.Metric("huber"),
            Preconditioning = Preconditioning.Consistency(sigmaData, grid.Min),
            Scheduler = CommonSettings.Scheduler(end + 1, sigmaData, grid),
            Settings = settings.Taken,
        };
    }
}

/// <summary>How a place of the grid is drawn.</summary>
internal static class ChoiceSetting
{
    public static ILevelChoice Take(SettingValues settings, string fallback)
    {
        switch (settings.Word("levels", fallback, "uniform", "lognormal", "loss-second-moment"))
        {
            case "lognormal":
                return new LogNormalChoice(settings.Number("p_mean", -1.1), settings.Number("p_std", 2, above: 0));
            case "loss-second-moment":
                return new LossSecondMomentChoice();
            default:
                return new UniformChoice();
        }
    }
}
