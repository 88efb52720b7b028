using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>What a model says about itself, for callers that open the weights later, by path.</summary>
public sealed class PipelineDescription
{
    private readonly ModelOptions _options;

    private PipelineDescription(Model model, ModelOptions options)
    {
        _options = options;
        Folder = model.Path;
        Network = model.Config;
        Scheduler = model.Scheduler;
        ClassNames = model.ClassNames;
        UnknownKeys = model.UnknownKeys;
    }

    /// <summary>The folder or file, as it was given.</summary>
    public string Folder { get; }

    /// <summary>The network's configuration.</summary>
    public UNet2DConfig Network { get; }

    /// <summary>The noise schedule's settings.</summary>
    public CMStochasticIterativeSchedulerConfig Scheduler { get; }

    /// <summary>Names of the classes; null if the model does not say.</summary>
    public ClassNames? ClassNames { get; }

    /// <summary>Keys this library does not know, each with its file.</summary>
    public IReadOnlyList<string> UnknownKeys { get; }

    /// <summary>Reads what a model says.</summary>
    /// <param name="path">Anything that <see cref="ModelReader.Open"/> opens.</param>
    /// <param name="options">Which files, and what replaces facts they do not hold; null infers them.</param>
    /// <exception cref="ConsistencyModelsException">As for <see cref="ModelReader.Open"/>.</exception>
    public static PipelineDescription Read(string path, ModelOptions? options = null)
    {
        using var model = ModelReader.Open(path, options);
        return new(model, options ?? new());
    }

    /// <summary>Opens the weights.</summary>
    /// <returns>The tensors; the caller disposes them.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="Model.OpenWeights"/>.</exception>
    public ITensorSource OpenWeights()
    {
        using var model = ModelReader.Open(Folder, _options);
        return model.OpenWeights();
    }
}
