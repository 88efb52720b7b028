using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>
/// A consistency model, loaded and ready to generate images in one or a few steps: diffusers' class of the same name.
/// The same folder and seed give the same picture as there.
/// </summary>
/// <remarks>Safe to use from several threads at once: every call has its own schedule, noise and memory. It owns its network.</remarks>
/// <example>
/// <code>
/// using var pipeline = ConsistencyModelPipeline.FromPretrained("path/to/diffusers-cd_imagenet64_l2");
/// var result = pipeline.Generate(new() { ClassLabels = [145], Seed = 0 });
/// Console.WriteLine(result);
/// </code>
/// </example>
public sealed class ConsistencyModelPipeline : DiffusionPipeline
{
    /// <summary>Makes a pipeline of its parts.</summary>
    /// <param name="network">The network; disposed with the pipeline.</param>
    /// <param name="scheduler">The noise schedule; null for the published models' with 40 steps.</param>
    /// <param name="classNames">Names of the classes, or null.</param>
    /// <param name="openWeights">
    /// Opens the network's weights anew, under diffusers' parameter names; <see cref="DiffusionPipeline.SavePretrained"/> reads and
    /// disposes what it returns. Null for a pipeline that is not to be saved.
    /// </param>
    /// <exception cref="ConsistencyModelsException">The network's output has other channels than its input.</exception>
    /// <exception cref="ArgumentException">A setting of the scheduler is out of its range.</exception>
    public ConsistencyModelPipeline(
        IUNet network,
        CMStochasticIterativeSchedulerConfig? scheduler = null,
        ClassNames? classNames = null,
        Func<ITensorSource>? openWeights = null)
        : this(Model.Of((network ?? throw new ArgumentNullException(nameof(network))).Config, scheduler, ModelKind.Consistency, classNames, openWeights), network, null, ownsModel: true)
    {
    }

    internal ConsistencyModelPipeline(Model model, IUNet network, Func<IDenoiser, IDenoiser>? wrap, bool ownsModel)
        : base(model, network, wrap, ownsModel)
    {
    }

    /// <summary>Loads a consistency model: as <see cref="DiffusionPipeline.FromPretrained"/>, and refuses other models.</summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="DiffusionPipeline.FromPretrained"/>; also if it is a diffusion model.</exception>
    public static new ConsistencyModelPipeline FromPretrained(string nameOrPath, PipelineOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        return ModelLocation.IsOnDisk(nameOrPath)
            ? LoadConsistent(ModelReader.Open(nameOrPath, options), options, ownsModel: true, CancellationToken.None)
            : Task.Run(() => FromPretrainedAsync(nameOrPath, options)).GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="FromPretrained"/>, waiting for nothing: downloads are asynchronous, and the network is loaded on a thread of the pool.</summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <param name="cancellationToken">Ends a download, whose parts are kept for the next one, or the loading of the network.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="FromPretrained"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <example>
    /// <code>
    /// using var pipe = await ConsistencyModelPipeline.FromPretrainedAsync("openai/diffusers-cd_imagenet64_l2");
    /// pipe.Generate(new() { NumInferenceSteps = 1 }).Images[0].Save("onestep.png");
    /// </code>
    /// </example>
    public static new async Task<ConsistencyModelPipeline> FromPretrainedAsync(
        string nameOrPath, PipelineOptions? options = null, CancellationToken cancellationToken = default)
    {
        var model = await ModelReader.OpenAsync(nameOrPath, options, options?.Progress, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => LoadConsistent(model, options, ownsModel: true, cancellationToken), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Loads the network of a consistency model that is open.</summary>
    /// <param name="model">The model. The pipeline borrows it, and reads it again to save: it is disposed after the pipeline.</param>
    /// <param name="options">Engine, device and precision; what is said about files is not used. Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="DiffusionPipeline.FromModel"/>; also if it is a diffusion model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static new ConsistencyModelPipeline FromModel(Model model, PipelineOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return LoadConsistent(model, options, ownsModel: false, cancellationToken);
    }

    private static ConsistencyModelPipeline LoadConsistent(Model model, PipelineOptions? options, bool ownsModel, CancellationToken cancellationToken)
    {
        if (model.Kind == ModelKind.Consistency)
        {
            return (ConsistencyModelPipeline)Load(model, options, ownsModel, cancellationToken);
        }

        if (ownsModel)
        {
            model.Dispose();
        }

        throw new ConsistencyModelsException(
            $"{model.Path}: a diffusion model, expected a consistency model: {nameof(DiffusionPipeline)} draws with it in many steps; or tune it into a consistency model (cm train --objective ect)");
    }
}
