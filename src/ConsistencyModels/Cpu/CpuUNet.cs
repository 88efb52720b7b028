using ConsistencyModels.Cpu.Caching;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Cpu;

/// <summary>
/// A network of <see cref="CpuEngine"/>. An image's result depends neither on the batch it is in nor on the number of threads.
/// Calls may come from several threads; each that runs at the same time has activations of its own, all of them together within
/// <see cref="CpuEngineOptions.ActivationBytes"/>. Memory that no call has used for some seconds goes back to the system.
/// </summary>
public sealed unsafe class CpuUNet : IUNet
{
    private readonly UNet2DConfig _config;
    private readonly PackedWeights _packed;
    private readonly PackedSaving? _saving;
    private readonly PlanCache _plans;
    private readonly ArenaPool _arenas;
    private readonly ComputePool _pool;
    private readonly int _threads;
    private readonly UseCount _uses;
    private readonly Lock _gate = new();
    private readonly Stack<Call> _idle = new();
    private int _running;

    internal CpuUNet(UNet2DConfig config, PackedWeights packed, PackedSaving? saving, PlanCache plans, ArenaPool arenas, ComputePool pool, int threads)
    {
        (_config, _packed, _saving, _plans, _arenas, _pool, _threads) = (config, packed, saving, plans, arenas, pool, threads);
        _uses = new UseCount(Release);
    }

    /// <inheritdoc/>
    public UNet2DConfig Config => _config;

    /// <summary>Bytes of packed weights and of the activations of calls under way or kept for the next; 0 once disposed.</summary>
    public long MemoryBytes => _uses.IsClosed ? 0 : _packed.Bytes + _arenas.Bytes;

    /// <summary>
    /// Completes when the packed weights are in the cache on disk (<see cref="CpuEngineOptions.PackedCache"/>), or need not or
    /// cannot be there. They are written after loading, beside the calls but out of their way: at full speed while there are none, else
    /// at a pace that takes a few percent of one core. Whoever measures calls should wait for it.
    /// </summary>
    public Task WhenSaved => _saving?.Done ?? Task.CompletedTask;

    /// <summary>Whether the packed weights are those of a file, mapped.</summary>
    internal bool WeightsAreMapped => _packed.Mapped;

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
        _uses.Enter(this);
        try
        {
            fixed (float* x = sample, t = timesteps, y = output)
            fixed (int* labels = classLabels)
            {
                var call = TakeCall();
                call.TimestepStride = timesteps.Length > 1 ? 1 : 0;
                Run(call, x, shape, t, labels, y, cancellationToken);
                KeepCall(call);
            }
        }
        finally
        {
            _uses.Leave();
        }
    }

    /// <summary>
    /// Gives the memory back, at once or when the calls under way end; no more begin. If the packed weights are still being written
    /// to the cache (<see cref="WhenSaved"/>), this then finishes that at full speed and returns afterwards: a program that makes
    /// one picture would otherwise never leave a file. A process that ends without disposing leaves none.
    /// </summary>
    public void Dispose()
    {
        if (_uses.Close())
        {
            _saving?.Finish();
        }
    }

    private void Run(Call call, float* x, ImageShape shape, float* t, int* labels, float* y, CancellationToken cancellationToken)
    {
        _pool.Enter(call.Region, cancellationToken);
        Interlocked.Increment(ref _running);
        try
        {
            RunParts(call, x, shape, t, labels, y, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            _pool.Leave(call.Region);
        }
    }

    private void RunParts(Call call, float* x, ImageShape shape, float* t, int* labels, float* y, CancellationToken cancellationToken)
    {
        var size = new ImageSize(shape.Height, shape.Width);
        var bytesOfImage = call.BytesFor(_plans.Get(1, size));
        for (int first = 0, part; first < shape.Batch; first += part)
        {
            // More images at once no longer save time from some number on, and would take memory without bound.
            var left = shape.Batch - first;
            var reserved = _arenas.Reserve(Volatile.Read(ref _running), bytesOfImage, cancellationToken);
            Plan plan;
            try
            {
                var most = (int)Math.Clamp(reserved / bytesOfImage, 1, left);
                part = Chunks.Count(left, Chunks.Count(left, most));
                plan = _plans.Get(part, size);
            }
            catch
            {
                _arenas.Release(reserved);
                throw;
            }

            call.Sample = x + ((long)first * shape.ImageLength);
            call.Timesteps = t + (first * call.TimestepStride);
            call.Labels = labels is null ? null : labels + first;
            call.Output = y + ((long)first * Config.OutChannels * shape.Height * shape.Width);
            var arena = _arenas.Rent(call.BytesFor(plan), reserved);
            try
            {
                call.Use(plan, arena);
                plan.Run(call, cancellationToken);
            }
            finally
            {
                _arenas.Return(arena);
            }
        }
    }

    private Call TakeCall()
    {
        lock (_gate)
        {
            if (_idle.TryPop(out var call))
            {
                return call;
            }
        }

        return new Call(_pool, _threads);
    }

    private void KeepCall(Call call)
    {
        lock (_gate)
        {
            if (_idle.Count < _pool.Cores)
            {
                _idle.Push(call);
            }
        }
    }

    private void Release()
    {
        _arenas.Dispose();
        _packed.Dispose();
    }
}
