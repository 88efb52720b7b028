using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>One forward pass under way: its arena, its arguments and its threads. Reused for later passes.</summary>
internal sealed unsafe class Call(ComputePool pool, int threads) : IParallelWork, IDisposable
{
    private const long PageFloats = 1024;
    private const long Stagger = 64;

    private NativeBuffer? _arena;
    private Step? _step;
    private int _phase;
    private long _scratch;
    private long _scratchOfThread;

    /// <summary>The threads.</summary>
    public WorkRegion Region { get; } = new(pool, threads);

    /// <summary>[N, InChannels, H, W].</summary>
    public float* Sample { get; set; }

    /// <summary>[N].</summary>
    public float* Timesteps { get; set; }

    /// <summary>1 if there is a timestep for each image, 0 if one serves all.</summary>
    public int TimestepStride { get; set; }

    /// <summary>[N], or null.</summary>
    public int* Labels { get; set; }

    /// <summary>[N, OutChannels, H, W].</summary>
    public float* Output { get; set; }

    /// <summary>Bytes of its arena.</summary>
    public long ArenaBytes => _arena?.Length ?? 0;

    /// <summary>Its arena.</summary>
    public float* Arena => _arena!.Floats;

    /// <summary>Memory of a slot.</summary>
    public float* At(ArenaSlot slot) => _arena!.Floats + slot.Offset;

    /// <summary>
    /// A thread's own memory while it executes a chunk. It is the same in all steps, so it stays in the cache of the thread's core.
    /// </summary>
    public float* Scratch(int slot) => _arena!.Floats + _scratch + (slot * _scratchOfThread);

    /// <summary>Makes room for a plan.</summary>
    public void Reserve(Plan plan)
    {
        _scratchOfThread = ((plan.ScratchFloats + PageFloats - 1) / PageFloats * PageFloats) + Stagger;
        _scratch = plan.ArenaFloats;
        var bytes = (_scratch + (Region.Threads * _scratchOfThread)) * sizeof(float);
        if (_arena is null || _arena.Length < bytes)
        {
            _arena?.Dispose();
            _arena = null;
            _arena = new NativeBuffer(bytes);
        }
    }

    /// <summary>Runs a phase of a step on all threads.</summary>
    public void For(Step step, int phase, int chunks)
    {
        _step = step;
        _phase = phase;
        Region.Run(this, chunks);
    }

    /// <inheritdoc/>
    public void Execute(int chunk, int slot) => _step!.Chunk(this, _phase, chunk, slot);

    /// <inheritdoc/>
    public void Dispose() => _arena?.Dispose();
}
