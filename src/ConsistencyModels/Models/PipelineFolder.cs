using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>The files of a diffusers pipeline folder: model_index.json, unet/ and scheduler/.</summary>
internal static class PipelineFolder
{
    public const string UNet = "unet";
    public const string Scheduler = "scheduler";
    public const string UNetConfig = "config.json";
    public const string SchedulerConfig = "scheduler_config.json";

    public static ConsistencyModelPipeline Load(string model, PipelineOptions options)
    {
        // The small files first: a mistake in them is not worth loading a gigabyte for.
        var path = ModelLocator.Find(model, options.Revision, options.Variant, options.Hub, options.Progress);
        var parts = PipelineParts.Read(path, options.Files, options.Variant);
        Func<ITensorSource> openWeights = () => parts.OpenWeights(options.Variant);
        var engineOptions = new EngineOptions { Device = options.Device, DType = options.DType, Threads = options.Threads };
        var engine = options.Engine ?? EngineRegistry.Managed.For(engineOptions);
        IUNet network;
        using (var weights = openWeights())
        {
            network = engine.Load(parts.Network, weights, engineOptions);
        }

        try
        {
            return new ConsistencyModelPipeline(network, parts.Scheduler, parts.Index, openWeights);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

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
        var unetFolder = Path.Combine(folder, UNet);
        var schedulerFolder = Path.Combine(folder, Scheduler);
        Change(unetFolder, path => Directory.CreateDirectory(path));
        Change(schedulerFolder, path => Directory.CreateDirectory(path));
        var parameters = UNet2DDescription.Of(config).Parameters;
        var stored = NetworkWeights.Check(config, weights);

        WeightWriter.Write(
            unetFolder, parameters.Select(p => TensorToWrite.FromSource(weights, stored[p.Name], dtype, p.Name)), variant, maxShardSize, weights.Metadata);
        config.Save(Path.Combine(unetFolder, UNetConfig));
        scheduler.Save(Path.Combine(schedulerFolder, SchedulerConfig));

        // Last, so that a folder with an index is complete.
        index.Save(Path.Combine(folder, ModelIndex.FileName));
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
