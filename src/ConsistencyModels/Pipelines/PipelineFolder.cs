using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>The files of a diffusers pipeline folder: model_index.json, unet/ and scheduler/.</summary>
internal static class PipelineFolder
{
    public const string UNet = "unet";
    public const string Scheduler = "scheduler";
    public const string UNetConfig = "config.json";
    public const string SchedulerConfig = "scheduler_config.json";
    private const string Weights = "diffusion_pytorch_model.safetensors";

    public static ConsistencyModelPipeline Load(string folder, PipelineOptions options)
    {
        // The small files first: a mistake in them is not worth loading a gigabyte for.
        var (index, scheduler, config) = ReadConfigurations(folder);
        var unetFolder = Path.Combine(folder, UNet);
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

    public static (ModelIndex Index, CMStochasticIterativeSchedulerConfig Scheduler, UNet2DConfig Network) ReadConfigurations(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ConsistencyModelsException($"{folder}: there is no such folder, expected a pipeline's with {ModelIndex.FileName}.");
        }

        return (
            ModelIndex.Load(Path.Combine(folder, ModelIndex.FileName)),
            CMStochasticIterativeSchedulerConfig.Load(Path.Combine(folder, Scheduler, SchedulerConfig)),
            UNet2DConfig.Load(Path.Combine(folder, UNet, UNetConfig)));
    }

    public static void Save(
        string folder, ModelIndex index, UNet2DConfig config, CMStochasticIterativeSchedulerConfig scheduler, ITensorSource weights, TensorDType? dtype)
    {
        var unetFolder = Path.Combine(folder, UNet);
        var schedulerFolder = Path.Combine(folder, Scheduler);
        Change(unetFolder, path => Directory.CreateDirectory(path));
        Change(schedulerFolder, path => Directory.CreateDirectory(path));
        var parameters = UNet2DDescription.Of(config).Parameters;
        var stored = NetworkWeights.Check(config, weights);

        SafetensorsWriter.Write(
            Path.Combine(unetFolder, Weights),
            parameters.Select(p => TensorToWrite.FromSource(weights, stored[p.Name], dtype, p.Name)),
            weights.Metadata);

        // An index of shards from an earlier save would win over the file just written.
        Change(Path.Combine(unetFolder, Weights + ".index.json"), File.Delete);
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
