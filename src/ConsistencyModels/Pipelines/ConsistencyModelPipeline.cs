using System.Buffers;
using System.Numerics.Tensors;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Pixels;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>
/// A consistency model, loaded and ready to generate images in one or a few steps: diffusers' class of the same name.
/// The same folder and seed give the same picture as there.
/// </summary>
/// <remarks>Safe to use from several threads at once: every call has its own schedule, noise and memory. It owns its network.</remarks>
public sealed partial class ConsistencyModelPipeline : IDisposable
{
    private readonly Model _model;
    private readonly bool _ownsModel;

    /// <summary>Makes a pipeline of its parts.</summary>
    /// <param name="network">The network; disposed with the pipeline.</param>
    /// <param name="scheduler">The noise schedule; null for the published models' with 40 steps.</param>
    /// <param name="classNames">Names of the classes, or null.</param>
    /// <param name="openWeights">
    /// Opens the network's weights anew, under diffusers' parameter names; <see cref="SavePretrained"/> reads and disposes what it
    /// returns. Null for a pipeline that is not to be saved.
    /// </param>
    /// <exception cref="ConsistencyModelsException">The network's output has other channels than its input.</exception>
    /// <exception cref="ArgumentException">A setting of the scheduler is out of its range.</exception>
    public ConsistencyModelPipeline(
        IUNet network,
        CMStochasticIterativeSchedulerConfig? scheduler = null,
        ClassNames? classNames = null,
        Func<ITensorSource>? openWeights = null)
        : this(network, Model.Of((network ?? throw new ArgumentNullException(nameof(network))).Config, scheduler, ModelKind.Consistency, classNames, openWeights), ownsModel: true)
    {
    }

    private ConsistencyModelPipeline(IUNet network, Model model, bool ownsModel)
    {
        _ = new CMStochasticIterativeScheduler(model.Scheduler);
        Network = network;
        Preconditioning = model.Preconditioning;
        Denoiser = new Denoiser(network, Preconditioning, model.Scheduler.ClipDenoised);
        _model = model;
        _ownsModel = ownsModel;
    }

    /// <summary>The network without preconditioning. It belongs to the pipeline.</summary>
    public IUNet Network { get; }

    /// <summary>The network's configuration.</summary>
    public UNet2DConfig Config => Network.Config;

    /// <summary>The noise schedule's settings.</summary>
    public CMStochasticIterativeSchedulerConfig SchedulerConfig => _model.Scheduler;

    /// <summary>Names of the classes; null if the model has none or the folder does not say.</summary>
    public ClassNames? ClassNames => _model.ClassNames;

    /// <summary>The consistency function f(x, σ): the network with the boundary condition around it, for samplers and editors.</summary>
    public IDenoiser Denoiser { get; }

    private Preconditioning Preconditioning { get; }

    /// <summary>
    /// Loads a model: a pipeline folder as diffusers writes it (<c>model_index.json</c>, <c>unet/</c> and <c>scheduler/</c>), a
    /// network's folder (<c>config.json</c> and weights), a single file (a <c>.safetensors</c>, or a <c>.pt</c> under openai's names), a repository on the Hub ("org/name"), one of openai's
    /// published checkpoints ("cd_imagenet64_l2") or an address. What is downloaded stays in huggingface_hub's cache.
    /// </summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <remarks>Where something is downloaded, the calling thread waits for it; <see cref="FromPretrainedAsync"/> does not.</remarks>
    /// <exception cref="ConsistencyModelsException">
    /// A file is missing, damaged or of another class, the model is a diffusion model, the weights are not those of the configuration,
    /// or the engine or device is not there.
    /// </exception>
    public static ConsistencyModelPipeline FromPretrained(string nameOrPath, PipelineOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);

        // Waiting for a download blocks here and nowhere else, on a thread of the pool: the caller's may have a context that waits for itself.
        return ModelLocation.IsOnDisk(nameOrPath)
            ? Load(ModelReader.Open(nameOrPath, options), options, ownsModel: true)
            : Task.Run(() => FromPretrainedAsync(nameOrPath, options)).GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="FromPretrained"/>, waiting for nothing: downloads are asynchronous, and the network is loaded on a thread of the pool.</summary>
    /// <param name="nameOrPath">The folder, file, name or address. What exists on disk wins over the Hub.</param>
    /// <param name="options">Which files, engine, device and precision; null for the defaults.</param>
    /// <param name="cancellationToken">Ends a download; what arrived is kept for the next one.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">As for <see cref="FromPretrained"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<ConsistencyModelPipeline> FromPretrainedAsync(
        string nameOrPath, PipelineOptions? options = null, CancellationToken cancellationToken = default)
    {
        var model = await ModelReader.OpenAsync(nameOrPath, options, options?.Progress, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Load(model, options, ownsModel: true), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Loads the network of a model that is open.</summary>
    /// <param name="model">The model. The pipeline borrows it, and reads it again to save: it is disposed after the pipeline.</param>
    /// <param name="options">Engine, device and precision; what is said about files is not used. Null for the defaults.</param>
    /// <returns>The pipeline; the caller disposes it.</returns>
    /// <exception cref="ConsistencyModelsException">
    /// The model is a diffusion model, its weights are missing, damaged or not those of its configuration, or the engine or device is not there.
    /// </exception>
    public static ConsistencyModelPipeline FromModel(Model model, PipelineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Load(model, options, ownsModel: false);
    }

    /// <summary>
    /// Writes a folder that this library and diffusers load. Each file is replaced as a whole, <c>model_index.json</c> last.
    /// The weights are streamed from where they were loaded, so saving takes no memory to speak of.
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
        ModelWriter.Write(_model, Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, new() { DType = dtype, MaxShardSize = maxShardSize });
    }

    /// <summary>
    /// Generates images by multistep consistency sampling (arXiv 2303.01469, algorithm 1). It computes on the calling thread and
    /// the engine's; a caller that must not wait uses <see cref="Task.Run(Action)"/>.
    /// </summary>
    /// <param name="options">What to generate; null for one image in one step.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the others or the model.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave NaN or infinity; the message says at which step and in which images.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Generate(GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        return Run(GenerationPlan.Make(Config, SchedulerConfig, options), cancellationToken);
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose()
    {
        Network.Dispose();
        if (_ownsModel)
        {
            _model.Dispose();
        }
    }

    private static ConsistencyModelPipeline Load(Model model, PipelineOptions? options, bool ownsModel)
    {
        IUNet? network = null;
        try
        {
            if (model.Kind != ModelKind.Consistency)
            {
                throw new ConsistencyModelsException(
                    $"{model.Path}: a diffusion model, expected a consistency model: it takes many steps of a solver such as HeunSampler or EdmSampler; or tune it into a consistency model (cm train --objective ect)");
            }

            options ??= new();
            var engineOptions = new EngineOptions { Device = options.Device, DType = options.DType, Threads = options.Threads };
            var engine = options.Engine ?? EngineRegistry.Managed.For(engineOptions);
            using (var weights = model.OpenWeights())
            {
                network = engine.Load(model.Config, weights, engineOptions);
            }

            return new ConsistencyModelPipeline(network, model, ownsModel);
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

    private GenerateResult Run(GenerationPlan plan, CancellationToken cancellationToken)
    {
        var (type, shape) = (plan.Options.OutputType, plan.Shape);
        var denoiser = new Denoiser(Network, Preconditioning, SchedulerConfig.ClipDenoised, plan.Options.ChunkSize);
        var steps = plan.Schedule.Levels.Count;
        if (type != OutputType.Images)
        {
            var values = GC.AllocateUninitializedArray<float>(shape.Length);
            var drawn = GenerationLoop.Run(plan, denoiser, values, cancellationToken);
            return new(type, shape, [], Convert(values, shape, type), drawn, plan.Seeds, steps);
        }

        // Where the caller never sees the floats they are rented: the first touch of fresh memory can take longer than the noise.
        var rented = ArrayPool<float>.Shared.Rent(shape.Length);
        try
        {
            var sample = rented.AsSpan(0, shape.Length);
            var labels = GenerationLoop.Run(plan, denoiser, sample, cancellationToken);
            return new(type, shape, PixelConversion.ToImages(sample, shape), [], labels, plan.Seeds, steps);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private static float[] Convert(float[] sample, ImageShape shape, OutputType type)
    {
        switch (type)
        {
            case OutputType.Array:
                var result = GC.AllocateUninitializedArray<float>(sample.Length);
                PixelConversion.ToUnitNhwc(sample, shape, result);
                return result;
            case OutputType.Tensor:
                TensorPrimitives.Multiply(sample, 0.5f, sample);
                TensorPrimitives.Add(sample, 0.5f, sample);
                TensorPrimitives.Clamp(sample, 0f, 1f, sample);
                return sample;
            default:
                return sample;
        }
    }
}
