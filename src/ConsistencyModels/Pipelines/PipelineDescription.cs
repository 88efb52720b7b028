using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>
/// What a pipeline folder says about itself: its small files, read without the weights and without an engine. It tells in
/// milliseconds what a model can do, and what is wrong with it before a gigabyte is loaded.
/// </summary>
public sealed class PipelineDescription
{
    private PipelineDescription(string folder, ModelIndex index, CMStochasticIterativeSchedulerConfig scheduler, UNet2DConfig network)
    {
        Folder = folder;
        ClassNames = index.ClassNames;
        Scheduler = scheduler;
        Network = network;
        UnknownKeys =
        [
            .. Unknown(ModelIndex.FileName, index.Extras.Keys),
            .. Unknown($"{PipelineFolder.UNet}/{PipelineFolder.UNetConfig}", network.Extra.Keys),
            .. Unknown($"{PipelineFolder.Scheduler}/{PipelineFolder.SchedulerConfig}", scheduler.Extras.Keys),
        ];
    }

    /// <summary>The folder, as it was given.</summary>
    public string Folder { get; }

    /// <summary>The network's configuration.</summary>
    public UNet2DConfig Network { get; }

    /// <summary>The noise schedule's settings.</summary>
    public CMStochasticIterativeSchedulerConfig Scheduler { get; }

    /// <summary>Names of the classes; null if the folder does not say.</summary>
    public ClassNames? ClassNames { get; }

    /// <summary>
    /// Keys this library does not know, each with its file: "unet/config.json: key". They are kept when the model is saved and
    /// do nothing. Private keys of diffusers, which begin with an underscore, are not listed.
    /// </summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>Reads <c>model_index.json</c>, <c>unet/config.json</c> and <c>scheduler/scheduler_config.json</c>.</summary>
    /// <param name="folder">A pipeline folder as diffusers writes it.</param>
    /// <exception cref="ConsistencyModelsException">The folder or one of the files is missing, malformed, or of another class.</exception>
    public static PipelineDescription Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var (index, scheduler, network) = PipelineFolder.ReadConfigurations(folder);
        return new(folder, index, scheduler, network);
    }

    /// <summary>Opens the weights, as <see cref="ConsistencyModelPipeline.FromPretrained"/> would.</summary>
    /// <param name="variant">A variant such as "fp16"; null for the plain files.</param>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="ConsistencyModelsException">There are none, they are damaged, or they are not those of <see cref="Network"/>.</exception>
    public ITensorSource OpenWeights(string? variant = null)
    {
        var weights = WeightFiles.Open(Path.Combine(Folder, PipelineFolder.UNet), variant);
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
