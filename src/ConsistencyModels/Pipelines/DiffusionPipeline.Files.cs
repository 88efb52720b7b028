using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Pipelines;

// From files and back.
public partial class DiffusionPipeline
{
    /// <summary>
    /// Loads a model: a pipeline folder as diffusers writes it (<c>model_index.json</c>, <c>unet/</c> and <c>scheduler/</c>), a
    /// network's folder (<c>config.json</c> and weights), a single file (a <c>.safetensors</c>, or a <c>.pt</c> under openai's names),
    /// a repository on the Hub ("org/name"), one of openai's published checkpoints ("cd_imagenet64_l2") or an address. What is
    /// downloaded stays in huggingface_hub's cache.
    /// </summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <returns>The pipeline, a <see cref="ConsistencyModelPipeline"/> for a consistency model; the caller disposes it.</returns>
    /// <remarks>Where something is downloaded, the calling thread waits for it; <see cref="FromPretrainedAsync"/> does not.</remarks>
    /// <exception cref="ConsistencyModelsException">
    /// A file is missing, damaged or of another class, the weights are not those of the configuration, or the engine or device is not there.
    /// </exception>
    public static DiffusionPipeline FromPretrained(string nameOrPath, PipelineOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);

        // Waiting for a download blocks here and nowhere else, on a thread of the pool: the caller's may have a context that waits for itself.
        return ModelLocation.IsOnDisk(nameOrPath)
            ? Load(ModelReader.Open(nameOrPath, options), options, ownsModel: true, CancellationToken.None)
            : Task.Run(() => FromPretrainedAsync(nameOrPath, options)).GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="FromPretrained"/>, waiting for nothing: downloads are asynchronous, and the network is loaded on a thread of the pool.</summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <param name="cancellationToken">Ends a download, whose parts are kept for the next one, or the loading of the network.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="FromPretrained"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<DiffusionPipeline> FromPretrainedAsync(
        string nameOrPath, PipelineOptions? options = null, CancellationToken cancellationToken = default)
    {
        var model = await ModelReader.OpenAsync(nameOrPath, options, options?.Progress, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Load(model, options, ownsModel: true, cancellationToken), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Loads the network of a model that is open.</summary>
    /// <param name="model">The model. The pipeline borrows it, and reads it again to save: it is disposed after the pipeline.</param>
    /// <param name="options">Engine, device and precision; what is said about files is not used. Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <returns>The pipeline, a <see cref="ConsistencyModelPipeline"/> for a consistency model; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">
    /// The weights are missing, damaged or not those of the configuration, or the engine or device is not there.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static DiffusionPipeline FromModel(Model model, PipelineOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Load(model, options, ownsModel: false, cancellationToken);
    }

    /// <summary>
    /// Writes a folder that this library loads, and diffusers if it is a consistency model. Each file is replaced as a whole,
    /// <c>model_index.json</c> last. The weights are streamed from where they were loaded, so saving takes no memory to speak of.
    /// </summary>
    /// <param name="folder">The folder; it is made if need be, and may be the one loaded from where the system allows replacing open files.</param>
    /// <param name="dtype">F32, F16 or BF16 to convert the weights, or null to keep them as they are stored.</param>
    /// <param name="maxShardSize">The most bytes of weights in one file, from 1 up; larger weights are sharded, with an index.</param>
    /// <exception cref="InvalidOperationException">The pipeline was made of parts without a way to open its weights.</exception>
    /// <exception cref="ConsistencyModelsException">A file cannot be written, or the weights are gone or changed.</exception>
    /// <exception cref="ArgumentException"><paramref name="dtype"/> is another type.</exception>
    public void SavePretrained(string folder, TensorDType? dtype = null, long maxShardSize = WeightWriter.DefaultShardSize)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ModelWriter.Write(Model, Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, new() { DType = dtype, MaxShardSize = maxShardSize });
    }

    private protected static DiffusionPipeline Load(Model model, PipelineOptions? options, bool ownsModel, CancellationToken cancellationToken)
    {
        IUNet? network = null;
        try
        {
            options ??= new();
            var engineOptions = new EngineOptions { Device = options.Device, DType = options.DType, Threads = options.Threads };
            var engine = options.Engine ?? EngineRegistry.Managed.For(engineOptions);
            using (var weights = model.OpenWeights())
            {
                network = engine.Load(model.Config, weights, engineOptions, cancellationToken);
            }

            return model.Kind == ModelKind.Consistency
                ? new ConsistencyModelPipeline(model, network, options.WrapDenoiser, ownsModel)
                : new DiffusionPipeline(model, network, options.WrapDenoiser, ownsModel);
        }
        catch
        {
            network?.Dispose();
            if (ownsModel)
            {
                model.Dispose();
            }

            throw;
        }
    }
}
