using ConsistencyModels.Checkpoints;
using ConsistencyModels.Files;
using ConsistencyModels.Hub;
using ConsistencyModels.Models.ParameterNaming;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// Opens models in every form people have them in. The one decision, for every command and program: a folder with
/// <c>model_index.json</c> is a pipeline's; one with <c>unet/config.json</c> holds a network and perhaps a scheduler; one with
/// <c>config.json</c> is the network's own; a file is looked into. What a form does not say is inferred, or taken from the options.
/// </summary>
/// <example>
/// <code>
/// using var model = ModelReader.Open("models/crawl-tiles-32");
/// </code>
/// </example>
public static class ModelReader
{
    /// <summary>Opens a model by whatever people call it, and downloads it if need be.</summary>
    /// <param name="nameOrPath">As for <see cref="ModelLocation.FindAsync"/>.</param>
    /// <param name="options">Which files, and what replaces facts they do not hold; null infers them.</param>
    /// <param name="progress">Receives how far a download is; called from any thread.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="HubException">It cannot be downloaded.</exception>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Open"/>.</exception>
    public static async Task<Model> OpenAsync(
        string nameOrPath, ModelOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var path = await ModelLocation.FindAsync(nameOrPath, options, progress, cancellationToken).ConfigureAwait(false);
        return Open(path, options);
    }

    /// <summary>Opens a model that is on disk.</summary>
    /// <param name="path">A folder or file, told apart by what is in it.</param>
    /// <param name="options">Which files, and what replaces facts they do not hold; null infers them.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">It is not there, damaged, or not a network this library knows.</exception>
    public static Model Open(string path, ModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ModelOptions();
        if (File.Exists(path))
        {
            return SingleFile.Open(path, options);
        }

        if (!Directory.Exists(path))
        {
            throw ModelLocation.Missing(path);
        }

        var unet = Path.Combine(path, ModelLayout.UNet);
        return File.Exists(Path.Combine(path, ModelLayout.Index)) ? Pipeline(path, unet, options)
            : File.Exists(Path.Combine(unet, ModelLayout.NetworkConfig)) ? Folder(path, unet, ModelFormat.UNetFolder, options)
            : File.Exists(Path.Combine(path, ModelLayout.NetworkConfig)) ? Folder(path, path, ModelFormat.NetworkFolder, options)
            : throw new CheckpointException(
                $"{path}: found neither {ModelLayout.Index} nor {ModelLayout.UNet}/{ModelLayout.NetworkConfig} nor {ModelLayout.NetworkConfig}, expected a model's folder{Below(path)}");
    }

    // What a training run, or any folder around a model, is most likely to be named for.
    private static string Below(string path)
    {
        var model = Path.Combine(path, "model");
        return File.Exists(Path.Combine(model, ModelLayout.Index)) ? $"; there is one in {model}" : "";
    }

    private static Model Pipeline(string path, string unet, ModelOptions options)
    {
        var index = ModelIndex.Load(Path.Combine(path, ModelLayout.Index));
        var config = UNet2DConfig.Load(Path.Combine(unet, ModelLayout.NetworkConfig));
        var (_, _, scheduler) = SchedulerFile.Choose(path, ModelLayout.SchedulerConfigIn(path), index, config, options);
        return OfFolder(path, unet, ModelFormat.PipelineFolder, index, false, config, scheduler, options);
    }

    private static Model Folder(string path, string network, ModelFormat format, ModelOptions options)
    {
        var config = UNet2DConfig.Load(Path.Combine(network, ModelLayout.NetworkConfig));

        // The scheduler is beside unet/, whether that or the folder around it was named.
        var root = format == ModelFormat.UNetFolder ? path : Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? path;
        var (kind, guess, scheduler) = SchedulerFile.Choose(path, ModelLayout.SchedulerConfigIn(root), null, config, options);
        return OfFolder(path, network, format, new ModelIndex { Kind = kind }, guess, config, scheduler, options);
    }

    private static Model OfFolder(
        string path,
        string network,
        ModelFormat format,
        ModelIndex index,
        bool kindIsGuess,
        UNet2DConfig config,
        CMStochasticIterativeSchedulerConfig scheduler,
        ModelOptions options) =>
        new(() => WeightFiles.Open(network, options.Variant), source => RenamedTensors.Today(NetworkPrefix.OfAll(source), config))
        {
            Path = path,
            Format = format,
            Config = config,
            KindIsGuess = kindIsGuess,
            Scheduler = scheduler,
            Index = index,
        };
}
