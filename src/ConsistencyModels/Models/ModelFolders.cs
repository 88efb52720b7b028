using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>Opens models in diffusers' folders.</summary>
internal static class ModelFolders
{
    private const string Index = "model_index.json";
    private const string NetworkConfig = "config.json";

    public static ModelFiles Open(string folder, ModelFileOptions options)
    {
        if (File.Exists(Path.Combine(folder, Index)))
        {
            return Open(folder, Path.Combine(folder, "unet"), ModelFormat.PipelineFolder, options);
        }

        return IsNetwork(folder)
            ? Open(folder, folder, ModelFormat.NetworkFolder, options)
            : throw new CheckpointException($"{folder}: found neither {Index} nor {NetworkConfig}, expected a pipeline's or a network's folder");
    }

    /// <summary>Whether a folder is a network's, and no pipeline's.</summary>
    public static bool IsNetwork(string folder) => !File.Exists(Path.Combine(folder, Index)) && File.Exists(Path.Combine(folder, NetworkConfig));

    /// <summary>The scheduler's settings: given, read, or by the kind of model.</summary>
    public static CMStochasticIterativeSchedulerConfig Scheduler(string path, string? file, UNet2DConfig config, ModelFileOptions options)
    {
        var known = options.Scheduler
            ?? (file is not null && File.Exists(file)
                ? CMStochasticIterativeSchedulerConfig.Load(file)
                : SchedulerPresets.For(options.Kind ?? SchedulerPresets.FromName(path) ?? ConsistencyKind.Distilled, config));
        return options.Apply(known);
    }

    /// <summary>Exactly the network's parameters, under today's names: earlier versions of diffusers had others.</summary>
    public static ITensorSource Strict(ITensorSource weights, UNet2DConfig config)
    {
        var stored = NetworkWeights.Check(config, weights);
        var parameters = UNet2DDescription.Of(config).Parameters;
        return new RenamedTensors(weights, parameters.Select(p => (p.Name, p.Shape, stored[p.Name], 0L)));
    }

    private static ModelFiles Open(string folder, string network, ModelFormat format, ModelFileOptions options)
    {
        var config = UNet2DConfig.Load(Path.Combine(network, NetworkConfig));
        var schedulers = format == ModelFormat.PipelineFolder ? folder : Path.GetDirectoryName(Path.GetFullPath(folder)) ?? folder;
        var scheduler = Scheduler(folder, Path.Combine(schedulers, "scheduler", "scheduler_config.json"), config, options);
        var weights = WeightFiles.Open(network, options.Variant);
        try
        {
            return new ModelFiles(folder, format, ModelNames.Diffusers, config, scheduler, Strict(weights, config));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
