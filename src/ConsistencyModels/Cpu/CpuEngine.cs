using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Cpu.Training;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu;

/// <summary>
/// Runs and trains networks on the processor in managed code, with fewer multiplications than direct convolutions need. All networks of
/// a process share its threads.
/// </summary>
/// <param name="options">Speed or memory; null for the defaults.</param>
public sealed class CpuEngine(CpuEngineOptions? options = null) : ITrainingEngine
{
    private const int DefaultSize = 64;

    private readonly CpuEngineOptions _options = options ?? new();

    /// <summary>Where packed weights are kept, if they are.</summary>
    private PackedCache? Cache =>
        _options.PackedCache && (_options.PackedCacheFolder ?? CacheFolders.FromEnvironment().PackedWeights) is { } folder
            ? new PackedCache(Path.GetFullPath(folder), _options.PackedCacheBytes, _options.PackedCacheLeastBytes)
            : null;

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <inheritdoc/>
    public bool CanRun(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return string.Equals(options.Device, "cpu", StringComparison.OrdinalIgnoreCase) && options.DType is (TensorDType.F32 or TensorDType.F16);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// <see cref="EngineOptions.Device"/> is "cpu". With <see cref="EngineOptions.DType"/> F16 weights are kept in half precision, as
    /// with <see cref="CpuMemory.Low"/>; activations are float32 always. <see cref="EngineOptions.Threads"/> beyond the number of
    /// cores means all cores. Cancellation is observed while the pool's threads are waited for, and between pieces of a few
    /// milliseconds while weights are hashed and packed.
    /// </remarks>
    public IUNet Load(UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default) =>
        LoadOn(ComputePool.Shared, config, weights, options, cancellationToken);

    /// <inheritdoc/>
    public bool DependsOnThreads => false;

    /// <inheritdoc/>
    public bool CanTrain(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return CanRun(options) && options.DType == TensorDType.F32;
    }

    /// <inheritdoc/>
    public long? StepBytes(UNet2DDescription description, ImageShape batch, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(description);
        CheckDevice(options);
        var pool = ComputePool.Shared;
        var threads = Threads(pool, options);
        var (packed, plan) = BufferNetwork.StepOf(description, NominalSize(description.Config), batch.Batch, new(batch.Height, batch.Width), threads);
        return packed + new Call(pool, threads).BytesFor(plan);
    }

    /// <inheritdoc/>
    /// <remarks>In single precision. Results depend neither on the number of threads nor on when they run.</remarks>
    public ITrainableUNet Create(UNet2DDescription description, EngineOptions options) => CreateOn(ComputePool.Shared, description, options);

    /// <summary>As <see cref="Create"/>, with other threads than the process's.</summary>
    internal CpuTrainableUNet CreateOn(ComputePool pool, UNet2DDescription description, EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(description);
        CheckDevice(options);
        if (options.DType != TensorDType.F32)
        {
            throw new ConsistencyModelsException($"The engine \"cpu\" does not train in {options.DType.FormatName()}; it takes F32.");
        }

        return new CpuTrainableUNet(description, NominalSize(description.Config), pool, Threads(pool, options), _options.ActivationBytes);
    }

    /// <summary>As <see cref="Load"/>, with other threads than the process's.</summary>
    internal CpuUNet LoadOn(
        ComputePool pool, UNet2DConfig config, ITensorSource weights, EngineOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        CheckDevice(options);
        if (options.DType is not (TensorDType.F32 or TensorDType.F16))
        {
            throw new ConsistencyModelsException($"The engine \"cpu\" does not compute in {options.DType.FormatName()}; it takes F32 or F16.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var network = UNet2DDescription.Of(config);
        var reader = new WeightReader(network, weights);
        var packed = new PackedWeights { Half = _options.Memory == CpuMemory.Low || options.DType == TensorDType.F16 };
        var threads = Threads(pool, options);
        try
        {
            // The nominal size's plan says which weights there are, and which algorithm suits each layer.
            var layers = new LayerWeights(packed);
            var plans = new PlanCache((batch, size) => PlanBuilder.Build(network, layers, batch, size, threads));
            _ = plans.Get(1, NominalSize(config));
            var saving = Fill(packed, reader, new WorkRegion(pool, threads), cancellationToken);
            return new CpuUNet(config, packed, saving, plans, new ArenaPool(_options.ActivationBytes, TimeProvider.System), pool, threads);
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    private void CheckDevice(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        ArgumentOutOfRangeException.ThrowIfNegative(_options.ActivationBytes);
        if (!string.Equals(options.Device, "cpu", StringComparison.OrdinalIgnoreCase))
        {
            throw new ConsistencyModelsException($"The engine \"cpu\" has no device \"{options.Device}\"; use the engine \"torch\" for it.");
        }
    }

    private static int Threads(ComputePool pool, EngineOptions options) => options.Threads == 0 ? pool.Cores : Math.Min(options.Threads, pool.Cores);

    private PackedSaving? Fill(PackedWeights packed, WeightReader reader, WorkRegion region, CancellationToken cancellationToken)
    {
        var parallel = new ParallelRunner(region, cancellationToken);
        region.Pool.Enter(region, cancellationToken);
        try
        {
            if (Cache is { } cache)
            {
                return cache.Fill(packed, reader, parallel);
            }

            packed.Fill(reader, parallel);
            return null;
        }
        finally
        {
            region.Pool.Leave(region);
        }
    }

    /// <summary>The size that decides how a network's layers are computed.</summary>
    private static ImageSize NominalSize(UNet2DConfig config)
    {
        var size = Math.Max(config.SpatialFactor, DefaultSize / config.SpatialFactor * config.SpatialFactor);
        return config.SampleSize ?? new ImageSize(size, size);
    }
}

/// <summary>What only the CPU engine can be told; see also <see cref="Networks.EngineOptions"/>.</summary>
public sealed record CpuEngineOptions
{
    /// <summary>Default of <see cref="PackedCacheBytes"/>: 16 GiB.</summary>
    public const long DefaultPackedCacheBytes = 16L << 30;

    /// <summary>Default of <see cref="ActivationBytes"/>: 768 MiB.</summary>
    public const long DefaultActivationBytes = 768L << 20;

    /// <summary>Speed or memory.</summary>
    public CpuMemory Memory { get; init; }

    /// <summary>
    /// Most bytes of activations of all calls of a network together, those under way and what is kept for the next ones: at least 0.
    /// Calls at once share it; a batch that does not fit its part goes through in smaller ones, with the same results. One image of
    /// each call under way is always granted.
    /// </summary>
    public long ActivationBytes { get; init; } = DefaultActivationBytes;

    /// <summary>
    /// Whether packed weights of large networks (64 MiB and more) are kept on disk, for the next process to map instead of
    /// packing again. The file is written in the background after loading, out of the calls' way (<see cref="CpuUNet.WhenSaved"/>);
    /// disposing the network waits for it. Off unless asked for: a file of the model's size in a home folder surprises a service.
    /// The program <c>cm</c> asks for it.
    /// </summary>
    public bool PackedCache { get; init; }

    /// <summary>
    /// Where they are kept. Null: the folder in the environment variable CM_PACKED_CACHE, or none if that is "off"; else
    /// "packed" under CM_CACHE, or "consistency-models/packed" under XDG_CACHE_HOME, ~/.cache, or %LOCALAPPDATA% on Windows.
    /// </summary>
    public string? PackedCacheFolder { get; init; }

    /// <summary>Most bytes of all files there; those used longest ago are removed.</summary>
    public long PackedCacheBytes { get; init; } = DefaultPackedCacheBytes;

    /// <summary>Packed weights smaller than this are not kept.</summary>
    internal long PackedCacheLeastBytes { get; init; } = Caching.PackedCache.Worthwhile;
}

/// <summary>What the CPU engine trades memory for.</summary>
public enum CpuMemory
{
    /// <summary>Weights are kept in float32, packed for speed: about twice the size of the float32 weights.</summary>
    Normal,

    /// <summary>
    /// Packed weights are kept in half precision: about the size of the float32 weights. Outputs then differ by up to
    /// a hundredth of their scale, and widening makes a call for one image take 1.1 to 1.3 times as long.
    /// </summary>
    Low,
}
