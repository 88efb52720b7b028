using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>The files of a diffusers pipeline folder: model_index.json, unet/ and scheduler/.</summary>
internal static class PipelineFolder
{
    private const string UNet = "unet";
    private const string Scheduler = "scheduler";
    private const string UNetConfig = "config.json";
    private const string SchedulerConfig = "scheduler_config.json";

    public static ConsistencyModelPipeline Load(string folder, PipelineOptions options)
    {
        if (!Directory.Exists(folder))
        {
            throw new ConsistencyModelsException($"{folder}: there is no such folder, expected a pipeline's with {ModelIndex.FileName}.");
        }

        // The small files first: a mistake in them is not worth loading a gigabyte for.
        var index = ModelIndex.Load(Path.Combine(folder, ModelIndex.FileName));
        var scheduler = CMStochasticIterativeSchedulerConfig.Load(Path.Combine(folder, Scheduler, SchedulerConfig));
        var unetFolder = Path.Combine(folder, UNet);
        var config = UNet2DConfig.Load(Path.Combine(unetFolder, UNetConfig));
        var engine = options.Engine ?? NetworkEngines.Default;
        ITensorSource OpenWeights() => WeightFiles.Open(unetFolder, options.Variant);
        IUNet network;
        using (var weights = OpenWeights())
        {
            network = engine.Load(config, weights, new EngineOptions { Device = options.Device, DType = options.DType, Threads = options.Threads });
        }

        try
        {
            return new ConsistencyModelPipeline(network, scheduler, index, OpenWeights);
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
        var unetFolder = Create(Path.Combine(folder, UNet));
        var schedulerFolder = Create(Path.Combine(folder, Scheduler));
        var parameters = UNet2DDescription.Of(config).Parameters;
        var aliases = parameters.Where(p => p.OldName is not null).ToDictionary(p => p.OldName!, p => p.Name);
        var stored = StrictTensors.Check(weights, parameters.Select(p => (p.Name, p.Shape)), aliases);

        WeightWriter.Write(
            unetFolder, parameters.Select(p => TensorToWrite.FromSource(weights, stored[p.Name], dtype, p.Name)), variant, maxShardSize, weights.Metadata);
        config.Save(Path.Combine(unetFolder, UNetConfig));
        scheduler.Save(Path.Combine(schedulerFolder, SchedulerConfig));

        // Last, so that a folder with an index is complete.
        index.Save(Path.Combine(folder, ModelIndex.FileName));
    }

    private static string Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConsistencyModelsException($"{folder}: the folder cannot be made: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
