using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Models;

/// <summary>
/// A model as people have it: a pipeline's or network's folder, a safetensors file, or a torch file, under diffusers' or
/// openai's names. Whatever it was, it comes out as a configuration, scheduler settings and tensors under diffusers' names.
/// </summary>
public sealed class ModelFiles : IDisposable
{
    internal ModelFiles(
        string path, ModelFormat format, ModelNames names, UNet2DConfig config, CMStochasticIterativeSchedulerConfig scheduler, ITensorSource weights)
    {
        Path = path;
        Format = format;
        Names = names;
        Config = config;
        Scheduler = scheduler;
        Weights = weights;
    }

    /// <summary>What was opened.</summary>
    public string Path { get; }

    /// <summary>What it is.</summary>
    public ModelFormat Format { get; }

    /// <summary>The names its tensors have in the file.</summary>
    public ModelNames Names { get; }

    /// <summary>The network's configuration: read where there is one, else inferred from the tensors.</summary>
    public UNet2DConfig Config { get; }

    /// <summary>The scheduler's settings: read where there are any, else by the kind of model.</summary>
    public CMStochasticIterativeSchedulerConfig Scheduler { get; }

    /// <summary>Exactly the network's parameters, under diffusers' names. Owned by this.</summary>
    public ITensorSource Weights { get; }

    /// <summary>Number of scalars in all parameters.</summary>
    public long ParameterCount => Weights.Tensors.Values.Sum(tensor => tensor.ElementCount);

    /// <summary>The element types of the parameters, the most frequent (by scalars) first.</summary>
    public IReadOnlyList<TensorDType> DTypes =>
    [
        .. Weights.Tensors.Values.GroupBy(tensor => tensor.DType).OrderByDescending(group => group.Sum(tensor => tensor.ElementCount)).Select(group => group.Key),
    ];

    /// <summary>Opens a model.</summary>
    /// <param name="path">A folder or a file; its kind is told by its content.</param>
    /// <param name="options">What replaces facts that the files do not hold.</param>
    /// <exception cref="ConsistencyModelsException">It is not there, damaged, or not a network this library knows.</exception>
    public static ModelFiles Open(string path, ModelFileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ModelFileOptions();
        return Directory.Exists(path) ? ModelFolders.Open(path, options) : SingleModelFile.Open(path, options);
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();
}
