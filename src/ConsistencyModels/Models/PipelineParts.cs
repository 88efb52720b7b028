using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>What a pipeline is made of, read from any form a model has on disk. The weights are opened when asked for, each time anew.</summary>
/// <param name="Index">The pipeline's own file, or an empty one.</param>
/// <param name="Scheduler">The noise schedule's settings.</param>
/// <param name="Network">The network's configuration.</param>
/// <param name="OpenWeights">Opens the weights, of a variant or plain, under any names that <see cref="NetworkWeights.Check"/> knows.</param>
internal sealed record PipelineParts(
    ModelIndex Index, CMStochasticIterativeSchedulerConfig Scheduler, UNet2DConfig Network, Func<string?, ITensorSource> OpenWeights)
{
    /// <summary>Reads a model's small files, or of a single file as much as tells what network it is.</summary>
    /// <param name="path">A folder or file.</param>
    /// <param name="files">What replaces facts that the files do not hold.</param>
    /// <param name="variant">Which weights of a folder; a network's folder is looked through at once.</param>
    /// <exception cref="ConsistencyModelsException">It is not there, damaged, or no such model.</exception>
    public static PipelineParts Read(string path, ModelFileOptions? files, string? variant)
    {
        files ??= new ModelFileOptions();
        if (File.Exists(path) || (Directory.Exists(path) && ModelFolders.IsNetwork(path)))
        {
            // It says less than a pipeline's folder: what it leaves open is inferred, or taken from the options.
            using var model = ModelFiles.Open(path, files with { Variant = variant });
            return new(new ModelIndex(), model.Scheduler, model.Config, which => ModelFiles.Open(path, files with { Variant = which }).Weights);
        }

        if (!Directory.Exists(path))
        {
            throw new ConsistencyModelsException($"{path}: there is no such file or folder, expected a model's");
        }

        var index = ModelIndex.Load(Path.Combine(path, ModelIndex.FileName));
        var schedule = CMStochasticIterativeSchedulerConfig.Load(Path.Combine(path, PipelineFolder.Scheduler, PipelineFolder.SchedulerConfig));
        var network = UNet2DConfig.Load(Path.Combine(path, PipelineFolder.UNet, PipelineFolder.UNetConfig));
        return new(index, files.Apply(schedule), network, which => WeightFiles.Open(Path.Combine(path, PipelineFolder.UNet), which));
    }
}
