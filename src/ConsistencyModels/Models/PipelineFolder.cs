using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>The files of a diffusers pipeline folder: model_index.json, unet/ and scheduler/.</summary>
internal static class PipelineFolder
{
    public static void Save(
        string folder,
        ModelIndex index,
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig scheduler,
        ITensorSource weights,
        TensorDType? dtype,
        string? variant = null,
        long maxShardSize = WeightWriter.DefaultShardSize)
    {
        var unetFolder = Path.Combine(folder, ModelLayout.UNet);
        var schedulerFolder = Path.Combine(folder, ModelLayout.Scheduler);
        Change(unetFolder, path => Directory.CreateDirectory(path));
        Change(schedulerFolder, path => Directory.CreateDirectory(path));
        var parameters = UNet2DDescription.Of(config).Parameters;
        var stored = NetworkWeights.Check(config, weights);

        WeightWriter.Write(
            unetFolder, parameters.Select(p => TensorToWrite.FromSource(weights, stored[p.Name], dtype, p.Name)), variant, maxShardSize, weights.Metadata);
        config.Save(ModelLayout.NetworkConfigIn(folder));
        SchedulerFile.Save(ModelLayout.SchedulerConfigIn(folder), index.Kind, scheduler);

        // Last, so that a folder with an index is complete.
        index.Save(Path.Combine(folder, ModelLayout.Index));
    }

    private static void Change(string path, Action<string> change)
    {
        try
        {
            change(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{path}: cannot be made or removed: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
