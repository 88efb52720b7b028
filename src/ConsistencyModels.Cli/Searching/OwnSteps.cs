using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Searching;

/// <summary>The scheduler's file in a model's folder, which has the model's own timesteps.</summary>
internal sealed class OwnSteps
{
    private OwnSteps(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Finds the file, before hours are spent on what would be written into it.</summary>
    /// <exception cref="ConsistencyModelsException">The model is no folder with such a file of its own.</exception>
    public static OwnSteps In(Model model)
    {
        const string Copy = "cm convert makes such a folder of any model";
        if (model.Format is not (ModelFormat.PipelineFolder or ModelFormat.UNetFolder))
        {
            throw new ConsistencyModelsException($"--write: {model.Path} is no folder in diffusers' layout; {Copy}");
        }

        var file = new FileInfo(System.IO.Path.Combine(model.Path, "scheduler", "scheduler_config.json"));
        if (file.Exists && CMStochasticIterativeSchedulerConfig.Load(file.FullName).NumTrainTimesteps is var levels && levels != model.Scheduler.NumTrainTimesteps)
        {
            throw new ConsistencyModelsException($"--write: {file.FullName} has {levels} levels, and --train-timesteps is {model.Scheduler.NumTrainTimesteps}; leave it out");
        }

        return !file.Exists ? throw new ConsistencyModelsException($"--write: there is no {file.FullName}; {Copy}")
            : file.LinkTarget is not null ? throw new ConsistencyModelsException($"--write: {file.FullName} is a link to what other folders may use; {Copy}")
            : new OwnSteps(file.FullName);
    }

    /// <summary>Writes timesteps in the place of those for as many steps. Everything else in the file stays.</summary>
    public void Write(IReadOnlyList<int> timesteps)
    {
        var config = CMStochasticIterativeSchedulerConfig.Load(Path);
        (config with { OwnTimesteps = config.OwnTimesteps.With(timesteps) }).Save(Path);
    }
}
