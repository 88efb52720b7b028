using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Engines;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Server.Batching;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ConsistencyModels.Server.Serving;

/// <summary>
/// The models of a server: all opened (their small files) before it is ready, their weights loaded then or by the first request,
/// and within <see cref="ServerOptions.ModelBytes"/> the ones used longest ago unloaded for others.
/// </summary>
internal sealed partial class ModelStore(IOptions<ServerOptions> options, EngineRegistry engines, ServerMetrics metrics, ILogger<ModelStore> logger) : IDisposable
{
    // On a processor a batch of more pixels for each thread computes no faster, and whoever comes meanwhile waits longer for it.
    private const int PixelsOfThread = 4096;

    private readonly ServerOptions _options = options.Value;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private IReadOnlyList<ServedModel> _models = [];
    private TaskCompletionSource _returned = NewSignal();
    private long _uses;
    private volatile bool _ready;

    /// <summary>Whether all models are opened, and those loaded that should be.</summary>
    public bool IsReady => _ready;

    /// <summary>The models; none before they are opened.</summary>
    public IReadOnlyList<ServedModel> Models => _models;

    /// <summary>The model of requests that name none.</summary>
    public ServedModel Default => _models.FirstOrDefault(model => model.Id == _options.DefaultModel) ?? _models[0];

    /// <summary>Opens all models, and loads those that are to be there when the server is ready.</summary>
    /// <exception cref="ConsistencyModelsException">One is not there, or damaged.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        List<ServedModel> models = [];
        try
        {
            foreach (var (id, settings) in _options.Models.OrderBy(model => model.Key, StringComparer.Ordinal))
            {
                var files = new ModelOptions { Revision = settings.Revision, Variant = settings.Variant };
                var model = await ModelReader.OpenAsync(settings.Path, files, null, cancellation).ConfigureAwait(false);
                models.Add(new(id, settings, model));
                if (model.Config.InChannels is not (1 or 3 or 4) || model.Config.SampleSize is null)
                {
                    throw new ConsistencyModelsException($"{settings.Path}: {model.Config.InChannels} channels of size {model.Config.SampleSize?.ToString() ?? "unknown"}; a server draws pictures of 1, 3 or 4 channels, of a size that the model says");
                }
            }
        }
        catch
        {
            models.ForEach(model => model.Model.Dispose());
            throw;
        }

        _models = models;
        foreach (var model in models.Where(model => model.Options.Preload))
        {
            using var lease = await RentAsync(model, cancellation).ConfigureAwait(false);
        }

        _ready = true;
        LogReady(models.Count);
    }

    /// <summary>The model of a name.</summary>
    /// <exception cref="ProblemException">There is none (404), or the server is not ready (503).</exception>
    public ServedModel Find(string? id)
    {
        if (!_ready)
        {
            throw new ProblemException(503, "the server is starting; try again in a moment") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        return id is null ? Default
            : _models.FirstOrDefault(model => model.Id == id)
            ?? throw ProblemException.Of("model", Printable.Quote(id), $"one of {string.Join(", ", _models.Select(model => model.Id))}", 404);
    }

    /// <summary>Holds a model in memory; it is loaded if need be, and others unloaded for it.</summary>
    /// <exception cref="ProblemException">It cannot be loaded (503).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; loading goes on.</exception>
    public async Task<ModelLease> RentAsync(ServedModel model, CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
                if (model.Batcher is { } batcher)
                {
                    model.Users++;
                    model.Used = ++_uses;
                    return new(this, model, batcher);
                }

                if (model.Loading is null && HasRoomFor(model))
                {
                    model.State = ModelState.Loading;
                    model.Loading = Task.Run(() => Load(model), CancellationToken.None);
                }

                change = model.Loading ?? _returned.Task;
            }

            await change.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends a use.</summary>
    public void Return(ServedModel model)
    {
        TaskCompletionSource returned;
        lock (_gate)
        {
            model.Users--;
            (returned, _returned) = (_returned, NewSignal());
        }

        returned.SetResult();
    }

    /// <summary>Unloads everything; requests under way end well.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            _closing.Cancel();
        }

        foreach (var model in _models)
        {
            model.Batcher?.Dispose();
            model.Model.Dispose();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Unloads models that nobody uses until there is room. Under the lock.</summary>
    private bool HasRoomFor(ServedModel model)
    {
        long Held() => _models.Where(other => other.Batcher is not null || other.Loading is not null).Sum(other => other.Bytes);
        while (_options.ModelBytes > 0 && Held() is > 0 and var held && held + model.Bytes > _options.ModelBytes)
        {
            if (_models.Where(other => other.Batcher is not null && other.Users == 0).MinBy(other => other.Used) is not { } oldest)
            {
                return false;
            }

            var batcher = oldest.Batcher!;
            (oldest.Batcher, oldest.State) = (null, ModelState.Idle);
            metrics.ModelUnloaded(oldest.Id);
            LogUnloaded(oldest.Id, model.Id);
            _ = Task.Run(batcher.Dispose);
        }

        return true;
    }

    private void Load(ServedModel model)
    {
        try
        {
            var settings = new EngineOptions { Device = _options.Device, DType = DTypeOf(_options.DType), Threads = _options.Threads };
            var engine = _options.Engine is { } name ? engines.Find(name) : engines.For(settings);
            IUNet network;
            using (var weights = model.Model.OpenWeights())
            {
                network = engine.Load(model.Model.Config, weights, settings, _closing.Token);
            }

            var batcher = new NetworkBatcher(network, Gathering(model, network));
            metrics.ModelLoaded(model.Id, batcher);
            lock (_gate)
            {
                (model.Batcher, model.Loading, model.State) = (batcher, null, ModelState.Ready);
            }

            LogLoaded(model.Id, engine.Name);
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                (model.Loading, model.State) = (null, ModelState.Failed);
            }

            if (!_ready && e is ConsistencyModelsException)
            {
                throw;
            }

            LogNotLoaded(e, model.Id);
            throw new ProblemException(503, $"the model {model.Id} cannot be loaded; the server's log says why") { RetryAfter = TimeSpan.FromSeconds(10) };
        }
    }

    private BatcherOptions Gathering(ServedModel model, IUNet network)
    {
        var threads = network is CpuUNet ? (_options.Threads > 0 ? Math.Min(_options.Threads, Environment.ProcessorCount) : Environment.ProcessorCount) : 0;
        return new()
        {
            PixelsAtOnce = _options.PixelsAtOnce > 0 ? _options.PixelsAtOnce
                : threads > 0 ? (int)Math.Min((long)threads * PixelsOfThread, BatcherOptions.DefaultPixelsAtOnce)
                : BatcherOptions.DefaultPixelsAtOnce,
            CallsAtOnce = _options.CallsAtOnce > 0 ? _options.CallsAtOnce : threads > 1 ? 2 : 1,
            Report = report => metrics.Batch(model.Id, report),
        };
    }

    private static TensorDType DTypeOf(string word) => word switch
    {
        "f16" => TensorDType.F16,
        "bf16" => TensorDType.BF16,
        _ => TensorDType.F32,
    };

    [LoggerMessage(1, LogLevel.Information, "Ready: {Count} models")]
    private partial void LogReady(int count);

    [LoggerMessage(2, LogLevel.Information, "Loaded {Model} by the engine {Engine}")]
    private partial void LogLoaded(string model, string engine);

    [LoggerMessage(3, LogLevel.Information, "Unloaded {Model} to make room for {Other}")]
    private partial void LogUnloaded(string model, string other);

    [LoggerMessage(4, LogLevel.Error, "{Model} cannot be loaded")]
    private partial void LogNotLoaded(Exception exception, string model);
}
