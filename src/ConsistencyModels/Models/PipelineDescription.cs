using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Pipelines;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// What a model says about itself: a folder's small files, or the names and shapes in a single file, read without the weights'
/// values and without an engine. It tells in milliseconds what a model can do, and what is wrong with it before a gigabyte is loaded.
/// </summary>
public sealed class PipelineDescription
{
    private readonly PipelineParts _parts;

    private PipelineDescription(string path, PipelineParts parts)
    {
        Folder = path;
        _parts = parts;
        UnknownKeys =
        [
            .. Unknown(ModelIndex.FileName, parts.Index.Extras.Keys),
            .. Unknown($"{PipelineFolder.UNet}/{PipelineFolder.UNetConfig}", parts.Network.Extra.Keys),
            .. Unknown($"{PipelineFolder.Scheduler}/{PipelineFolder.SchedulerConfig}", parts.Scheduler.Extras.Keys),
        ];
    }

    /// <summary>The folder or file, as it was given.</summary>
    public string Folder { get; }

    /// <summary>The network's configuration.</summary>
    public UNet2DConfig Network => _parts.Network;

    /// <summary>The noise schedule's settings.</summary>
    public CMStochasticIterativeSchedulerConfig Scheduler => _parts.Scheduler;

    /// <summary>Names of the classes; null if the model does not say.</summary>
    public ClassNames? ClassNames => _parts.Index.ClassNames;

    /// <summary>
    /// Keys this library does not know, each with its file: "unet/config.json: key". They are kept when the model is saved and
    /// do nothing. Private keys of diffusers, which begin with an underscore, are not listed.
    /// </summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>
    /// Reads <c>model_index.json</c>, <c>unet/config.json</c> and <c>scheduler/scheduler_config.json</c> of a pipeline's folder, or
    /// opens a network's folder or a single file (a <c>.safetensors</c>, a <c>.pt</c>) and infers what it does not say.
    /// </summary>
    /// <param name="path">Anything on disk that <see cref="ConsistencyModelPipeline.FromPretrained"/> loads.</param>
    /// <param name="files">What replaces facts that the files do not hold; null infers them.</param>
    /// <param name="variant">A variant such as "fp16" of a network's folder; null for the plain files.</param>
    /// <exception cref="ConsistencyModelsException">The model or one of its files is missing, malformed, or of another class.</exception>
    public static PipelineDescription Read(string path, ModelFileOptions? files = null, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(path, PipelineParts.Read(path, files, variant));
    }

    /// <summary>Opens the weights, as <see cref="ConsistencyModelPipeline.FromPretrained"/> would.</summary>
    /// <param name="variant">A variant such as "fp16"; null for the plain files.</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="ConsistencyModelsException">There are none, they are damaged, or they are not those of <see cref="Network"/>.</exception>
    public ITensorSource OpenWeights(string? variant = null)
    {
        var weights = _parts.OpenWeights(variant);
        try
        {
            NetworkWeights.Check(Network, weights);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static IEnumerable<string> Unknown(string file, IEnumerable<string> keys) =>
        keys.Where(key => !key.StartsWith('_')).Order(StringComparer.Ordinal).Select(key => $"{file}: {key}");
}
