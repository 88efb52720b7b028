using ConsistencyModels.Models;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Cli.Searching;

/// <summary>The file in a model's folder that takes what a search found.</summary>
internal sealed class ModelFolder
{
    private const string Copy = "cm convert makes such a folder of any model";

    private ModelFolder(string file) => File = file;

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The scheduler's file, for timesteps. Looked for before hours are spent on what would be written into it.</summary>
    /// <exception cref="ConsistencyModelsException">The model is no folder with such a file of its own.</exception>
    public static ModelFolder ForTimesteps(Model model)
    {
        var found = Find(model, model.Format is ModelFormat.PipelineFolder or ModelFormat.UNetFolder, Path.Combine("scheduler", "scheduler_config.json"));
        var levels = CMStochasticIterativeSchedulerConfig.Load(found.File).NumTrainTimesteps;
        return levels == model.Scheduler.NumTrainTimesteps ? found
            : throw new ConsistencyModelsException($"--write: {found.File} has {levels} levels, and --train-timesteps is {model.Scheduler.NumTrainTimesteps}; leave it out");
    }

    /// <summary>The pipeline's file, for the levels of edits.</summary>
    /// <exception cref="ConsistencyModelsException">The model is no folder with such a file of its own.</exception>
    public static ModelFolder ForEdits(Model model) => Find(model, model.Format == ModelFormat.PipelineFolder, "model_index.json");

    /// <summary>Writes timesteps in the place of those for as many steps. Everything else in the file stays.</summary>
    public void Write(IReadOnlyList<int> timesteps)
    {
        var config = CMStochasticIterativeSchedulerConfig.Load(File);
        (config with { OwnTimesteps = config.OwnTimesteps.With(timesteps) }).Save(File);
    }

    /// <summary>Writes the levels of edits. Everything else in the file stays.</summary>
    public void Write(EditDefaults levels) => levels.SaveInto(File);

    private static ModelFolder Find(Model model, bool isOne, string name)
    {
        if (!isOne)
        {
            throw new ConsistencyModelsException($"--write: {model.Path} is no folder in diffusers' layout; {Copy}");
        }

        var file = new FileInfo(Path.Combine(model.Path, name));
        return !file.Exists ? throw new ConsistencyModelsException($"--write: there is no {file.FullName}; {Copy}")
            : file.LinkTarget is not null ? throw new ConsistencyModelsException($"--write: {file.FullName} is a link to what other folders may use; {Copy}")
            : new ModelFolder(file.FullName);
    }
}
