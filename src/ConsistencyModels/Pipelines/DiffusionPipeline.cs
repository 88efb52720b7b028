using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using ConsistencyModels.Checkpoints;
using ConsistencyModels.Denoising;
using ConsistencyModels.Hub;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Pixels;
using ConsistencyModels.Samplers;
using ConsistencyModels.Schedulers;

namespace ConsistencyModels.Pipelines;

/// <summary>
/// A model, a denoiser and a sampler: draws and edits images with any model whose network is a UNet2DModel, a diffusion model or
/// a consistency model, and with any sampler. <see cref="ConsistencyModelPipeline"/> is the one that diffusers has.
/// </summary>
/// <remarks>Safe to use from several threads at once: every call has its own schedule, noise and memory. It owns its network.</remarks>
public partial class DiffusionPipeline : IDisposable
{
    private readonly bool _ownsModel;

    /// <summary>Makes a pipeline of a model and its loaded network.</summary>
    /// <param name="model">What the model says about itself; borrowed.</param>
    /// <param name="network">Its network; disposed with the pipeline.</param>
    /// <param name="wrap">
    /// Makes the denoiser that is used of the model's own, such as one that gathers calls of several threads into batches; null uses
    /// the model's own. Whoever made it disposes it, if it is to be disposed.
    /// </param>
    /// <exception cref="ConsistencyModelsException">The network's output has other channels than its input.</exception>
    /// <exception cref="ArgumentException">A setting of the scheduler is out of its range.</exception>
    public DiffusionPipeline(Model model, IUNet network, Func<IDenoiser, IDenoiser>? wrap = null)
        : this(model, network, wrap, ownsModel: false)
    {
    }

    private protected DiffusionPipeline(Model model, IUNet network, Func<IDenoiser, IDenoiser>? wrap, bool ownsModel)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(network);
        _ = new CMStochasticIterativeScheduler(model.Scheduler);
        (Model, Network, _ownsModel) = (model, network, ownsModel);

        // A diffusion model's scheduler says nothing about clipping, and EDM's sampler has none.
        var own = new Denoiser(network, model.Preconditioning, clip: model.Kind == ModelKind.Consistency && model.Scheduler.ClipDenoised);
        Denoiser = wrap?.Invoke(own) ?? own;
    }

    /// <summary>What the model says about itself, and a way to its weights.</summary>
    public Model Model { get; }

    /// <summary>The network without preconditioning. It belongs to the pipeline.</summary>
    public IUNet Network { get; }

    /// <summary>What it draws with, such as "ConsistencyModelPipeline: models/crawl-tiles-32, 32x32, 20 classes, 2.86 M parameters".</summary>
    public override string ToString()
    {
        var size = Config.SampleSize is { } made ? $", {made.Width}x{made.Height}" : "";
        var classes = Config.NumClassEmbeds is { } count ? string.Create(CultureInfo.InvariantCulture, $", {count} classes") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{GetType().Name}: {Model.Path}{size}{classes}, {Model.ParameterCount / 1e6:0.##} M parameters");
    }

    /// <summary>The network's configuration.</summary>
    public UNet2DConfig Config => Network.Config;

    /// <summary>The noise schedule's settings.</summary>
    public CMStochasticIterativeSchedulerConfig SchedulerConfig => Model.Scheduler;

    /// <summary>Names of the classes; null if the model has none or does not say.</summary>
    public ClassNames? ClassNames => Model.ClassNames;

    /// <summary>The denoiser (x, σ, labels) → x₀: the network with its preconditioning around it, for samplers and evaluators.</summary>
    public IDenoiser Denoiser { get; }

    /// <summary>
    /// Generates a batch of images. It computes on the calling thread and the engine's; a caller that must not wait uses
    /// <see cref="Task.Run(Action)"/>.
    /// </summary>
    /// <param name="options">What to generate; null for one image in the pipeline's default steps.</param>
    /// <param name="cancellationToken">Observed between network calls, and within them where the engine can.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the others or the model.</exception>
    /// <exception cref="NonFiniteOutputException">The network gave NaN or infinity; the message says at which step and in which images.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Generate(GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        Draw(SamplingRequest.For(Model, options ?? new()), cancellationToken);

    /// <summary>Generates a batch of images as floats into the caller's memory, so that nothing of their size is allocated.</summary>
    /// <param name="options">What to generate, and with <see cref="DrawingOptions.OutputType"/> in which form: any but pictures.</param>
    /// <param name="destination">Receives N·C·H·W floats in the order of the form; undefined after an exception.</param>
    /// <param name="cancellationToken">As for <see cref="Generate(GenerateOptions?, CancellationToken)"/>.</param>
    /// <returns>Labels and seeds; the floats are in <paramref name="destination"/> and nowhere else.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Generate(GenerateOptions?, CancellationToken)"/>; also if the form is pictures or the length does not fit.</exception>
    /// <exception cref="NonFiniteOutputException">As for <see cref="Generate(GenerateOptions?, CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GenerateResult Generate(GenerateOptions options, Span<float> destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.OutputType == OutputType.Images)
        {
            throw new ArgumentException($"Pictures are bytes; for floats ask for {nameof(OutputType.Raw)}, {nameof(OutputType.Tensor)} or {nameof(OutputType.Array)}.", nameof(options));
        }

        var request = SamplingRequest.For(Model, options);
        return destination.Length == request.Shape.Length
            ? Draw(request, request.ChooseSeeds(), destination, [], cancellationToken)
            : throw new ArgumentException($"The destination has room for {destination.Length} values; expected {request.Shape.Length}, shape {request.Shape}.", nameof(destination));
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Disposes the network.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        Network.Dispose();
        if (_ownsModel)
        {
            Model.Dispose();
        }
    }

    /// <summary>Draws what a request says.</summary>
    private GenerateResult Draw(SamplingRequest request, CancellationToken cancellationToken) => Draw(request, request.ChooseSeeds(), cancellationToken);

    private GenerateResult Draw(SamplingRequest request, ulong[] seeds, CancellationToken cancellationToken)
    {
        var length = request.Shape.Length;
        if (request.Options.OutputType != OutputType.Images)
        {
            var values = GC.AllocateUninitializedArray<float>(length);
            return Draw(request, seeds, values, values, cancellationToken);
        }

        // Where the caller never sees the floats they are rented: the first touch of fresh memory can take longer than the noise.
        var rented = ArrayPool<float>.Shared.Rent(length);
        try
        {
            var sample = rented.AsSpan(0, length);
            var labels = Sample(request, seeds, sample, cancellationToken);
            return new(OutputType.Images, request.Shape, PixelConversion.ToImages(sample, request.Shape), [], labels, seeds, request.Sampler.NetworkEvaluations);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private GenerateResult Draw(SamplingRequest request, ulong[] seeds, Span<float> destination, float[] values, CancellationToken cancellationToken)
    {
        var (shape, type) = (request.Shape, request.Options.OutputType);
        var rented = type == OutputType.Array ? ArrayPool<float>.Shared.Rent(shape.Length) : null;
        try
        {
            var sample = rented is null ? destination : rented.AsSpan(0, shape.Length);
            var labels = Sample(request, seeds, sample, cancellationToken);
            if (type == OutputType.Array)
            {
                PixelConversion.ToUnitNhwc(sample, shape, destination);
            }
            else if (type == OutputType.Tensor)
            {
                TensorPrimitives.Multiply(sample, 0.5f, sample);
                TensorPrimitives.Add(sample, 0.5f, sample);
                TensorPrimitives.Clamp(sample, 0f, 1f, sample);
            }

            return new(type, shape, [], values, labels, seeds, request.Sampler.NetworkEvaluations);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<float>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Noise, labels and the sampler, with diffusers' order of draws.</summary>
    /// <returns>The labels; null for a model without classes.</returns>
    private int[]? Sample(SamplingRequest request, ulong[] seeds, Span<float> sample, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (options, shape) = (request.Options, request.Shape);
        var generator = request.GeneratorFor(seeds);
        if (!request.AddsNoise)
        {
            sample.Clear();
        }
        else if (options.Latents.IsEmpty)
        {
            generator.Randn(sample, shape.Batch);
        }
        else
        {
            options.Latents.Span.CopyTo(sample);
        }

        var labels = Labels(request, generator);
        var tiles = options is { Tiles: not null, Progress: { } told } ? new TileProgress(told, request.Sampler.NetworkEvaluations) : null;
        request.Sampler.Sample(
            options.Tiles is null ? Denoiser : new TiledDenoiser(Denoiser, Config.SampleSize!.Value, options.Tiles with { Progress = tiles is null ? null : tiles.Report }),
            sample,
            shape,
            generator,
            new SamplingOptions
            {
                ClassLabels = labels,
                Start = request.Start,
                Measurement = request.Measurement,
                Reference = request.Reference,
                Composite = request.Composite,
                ClampResult = false,
                Callback = options.Callback,
                CallbackSteps = options.CallbackSteps,
                Progress = tiles is null ? options.Progress : null,
            },
            cancellationToken);
        return labels;
    }

    private static int[]? Labels(SamplingRequest request, INoiseGenerator generator)
    {
        if (request.Classes is not { } classes)
        {
            return null;
        }

        if (request.Labels is { } given)
        {
            return [.. given];
        }

        // After the latents, where diffusers draws them; but from this call's generator, not from a global one.
        var drawn = new long[request.Shape.Batch];
        generator.RandInt(0, classes, drawn);
        return Array.ConvertAll(drawn, label => (int)label);
    }

    /// <summary>Progress over the windows of a canvas, of which a call of the denoiser may have many.</summary>
    private sealed class TileProgress(IProgress<SamplingProgress> whole, int calls)
    {
        private const int PartsPerCall = 1000;

        private int _call;

        public void Report(double part)
        {
            whole.Report(new((_call * PartsPerCall) + (int)(part * PartsPerCall), calls * PartsPerCall));
            _call += part >= 1 ? 1 : 0;
        }
    }
}

/// <summary>How <see cref="DiffusionPipeline.FromPretrained"/> loads a pipeline: which files, and what runs the network.</summary>
public sealed record PipelineOptions : ModelOptions
{
    /// <summary>What runs the network; null for the library's own engine, <see cref="Cpu.CpuEngine"/>.</summary>
    public INetworkEngine? Engine { get; init; }

    /// <summary>"cpu", "cuda" or "cuda:1".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision the network computes in: F32, F16 or BF16, whatever the file stores.</summary>
    public TensorDType DType { get; init; } = TensorDType.F32;

    /// <summary>Compute threads; 0 leaves the choice to the engine.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Makes the denoiser that the pipeline uses of the model's own, such as one that gathers calls of several threads into
    /// batches; null uses the model's own.
    /// </summary>
    public Func<IDenoiser, IDenoiser>? WrapDenoiser { get; init; }

    /// <summary>Receives how far a download is; called from any thread.</summary>
    public IProgress<HubProgress>? Progress { get; init; }
}
