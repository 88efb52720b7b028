using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu;

/// <summary>
/// A network of <see cref="CpuEngine"/>. An image's result depends neither on the batch it is in nor on the number of threads.
/// Calls may come from several threads; each that runs at the same time has activations of its own.
/// </summary>
public sealed unsafe class CpuUNet : IUNet
{
    private const int MostPlans = 16;

    // Larger batches go through in parts: more images at once no longer save time, and would take memory without bound.
    private const long LargestArena = 768L << 20;

    private readonly UNet2DDescription _network;
    private readonly PackedWeights _packed;
    private readonly LayerWeights _layers;
    private readonly ComputePool _pool;
    private readonly int _threads;
    private readonly Lock _gate = new();
    private readonly Stack<Call> _idle = new();
    private readonly Dictionary<(int Batch, int Height, int Width), (Plan Plan, long Used)> _plans = [];
    private long _uses;
    private int _running;
    private bool _disposed;

    internal CpuUNet(UNet2DDescription network, PackedWeights packed, LayerWeights layers, ComputePool pool, int threads)
    {
        (_network, _packed, _layers, _pool, _threads) = (network, packed, layers, pool, threads);
    }

    /// <inheritdoc/>
    public UNet2DConfig Config => _network.Config;

    /// <summary>Bytes of packed weights and of the activations kept for the next call.</summary>
    public long MemoryBytes
    {
        get
        {
            lock (_gate)
            {
                return _disposed ? 0 : _packed.Bytes + _idle.Sum(call => call.ArenaBytes);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public void Forward(
        ReadOnlySpan<float> sample,
        ImageShape shape,
        ReadOnlySpan<float> timesteps,
        ReadOnlySpan<int> classLabels,
        Span<float> output,
        CancellationToken cancellationToken = default)
    {
        ForwardArguments.ThrowIfInvalid(Config, sample.Length, shape, timesteps.Length, classLabels, output.Length);
        cancellationToken.ThrowIfCancellationRequested();
        var call = Begin();
        try
        {
            _pool.Enter(call.Region, cancellationToken);
            try
            {
                fixed (float* x = sample, t = timesteps, y = output)
                fixed (int* labels = classLabels)
                {
                    Run(call, x, shape, t, timesteps.Length > 1 ? 1 : 0, labels, y, cancellationToken);
                }
            }
            finally
            {
                _pool.Leave(call.Region);
            }
        }
        finally
        {
            End(call);
        }
    }

    /// <summary>Whether the packed weights are those of a file, mapped.</summary>
    internal bool WeightsAreMapped => _packed.Mapped;

    /// <summary>
    /// Gives the memory back, at once or when the calls under way end. If the packed weights are being written to the cache
    /// (<see cref="CpuEngineOptions.PackedCache"/>), waits for that.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            ReleaseIfUnused();
        }
    }

    private void Run(
        Call call, float* x, ImageShape shape, float* t, int timestepStride, int* labels, float* y, CancellationToken cancellationToken)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        var most = (int)Math.Clamp(LargestArena / (PlanFor(1, size).ArenaFloats * sizeof(float)), 1, shape.Batch);
        var part = Chunks.Count(shape.Batch, Chunks.Count(shape.Batch, most));
        call.TimestepStride = timestepStride;
        for (var first = 0; first < shape.Batch; first += part)
        {
            var plan = PlanFor(Math.Min(part, shape.Batch - first), size);
            call.Reserve(plan);
            call.Sample = x + ((long)first * shape.ImageLength);
            call.Timesteps = t + (first * timestepStride);
            call.Labels = labels is null ? null : labels + first;
            call.Output = y + ((long)first * Config.OutChannels * shape.Height * shape.Width);
            plan.Run(call, cancellationToken);
        }
    }

    private Call Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _running++;
            return _idle.TryPop(out var call) ? call : new Call(_pool, _threads);
        }
    }

    private void End(Call call)
    {
        lock (_gate)
        {
            _running--;
            _idle.Push(call);
            ReleaseIfUnused();
        }
    }

    private void ReleaseIfUnused()
    {
        if (_disposed && _running == 0)
        {
            while (_idle.TryPop(out var call))
            {
                call.Dispose();
            }

            _plans.Clear();
            _packed.Dispose();
        }
    }

    private Plan PlanFor(int batch, ImageSize size)
    {
        lock (_gate)
        {
            var key = (batch, size.Height, size.Width);
            if (!_plans.TryGetValue(key, out var known))
            {
                if (_plans.Count >= MostPlans)
                {
                    _plans.Remove(_plans.MinBy(plan => plan.Value.Used).Key);
                }

                known.Plan = PlanBuilder.Build(_network, _layers, batch, size, _threads);
            }

            _plans[key] = (known.Plan, ++_uses);
            return known.Plan;
        }
    }
}
