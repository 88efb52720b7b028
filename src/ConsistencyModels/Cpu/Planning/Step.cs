using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Cpu.Planning;

/// <summary>One step of a plan. It holds no state of a call, so calls of the same plan may run at once.</summary>
internal abstract class Step
{
    /// <summary>Memory it reads and writes.</summary>
    public abstract IEnumerable<ArenaSlot> Slots { get; }

    /// <summary>Floats a thread needs while it executes a chunk: <see cref="Call.Scratch"/>.</summary>
    public virtual long ScratchFloats => 0;

    /// <summary>Executes it: one or more phases through <see cref="Call.For"/>.</summary>
    public abstract void Run(Call call);

    /// <summary>Executes one chunk of a phase.</summary>
    public abstract void Chunk(Call call, int phase, int chunk, int slot);
}

/// <summary>One forward pass under way: its arguments and its threads, and the arena it was lent. Reused for later passes.</summary>
internal sealed unsafe class Call(ComputePool pool, int threads) : IParallelWork
{
    private const long PageFloats = 1024;
    private const long Stagger = 64;

    private float* _arena;
    private Step? _step;
    private int _phase;
    private float* _scratch;
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

    /// <summary>[N, labels an image], or null for zeros.</summary>
    public float* AugmentLabels { get; set; }

    /// <summary>[N, OutChannels, H, W].</summary>
    public float* Output { get; set; }

    /// <summary>Which image of the caller's batch the first one here is: dropout counts on.</summary>
    public int FirstImage { get; set; }

    /// <summary>Seeds the dropout masks, where a plan has them.</summary>
    public long DropoutSeed { get; set; }

    /// <summary>On the way back: dLoss/dOutput, as <see cref="Output"/>.</summary>
    public float* OutputGradient { get; set; }

    /// <summary>On the way back: receives dLoss/dSample, as <see cref="Sample"/>; null if nobody wants it.</summary>
    public float* InputGradient { get; set; }

    /// <summary>On the way back: where the parameters' gradients are added up.</summary>
    public FlatGradients Gradients { get; set; }

    /// <summary>Memory of a slot.</summary>
    public float* At(ArenaSlot slot) => _arena + slot.Offset;

    /// <summary>
    /// A thread's own memory while it executes a chunk. It is the same in all steps, so it stays in the cache of the thread's core.
    /// </summary>
    public float* Scratch(int slot) => _scratch + (slot * _scratchOfThread);

    /// <summary>Bytes of arena that a plan needs with these threads.</summary>
    public long BytesFor(Plan plan) => (plan.ArenaFloats + (Region.Threads * ScratchOfThread(plan))) * sizeof(float);

    /// <summary>Takes an arena of at least <see cref="BytesFor"/> bytes, which the caller keeps alive, for a pass of a plan.</summary>
    public void Use(Plan plan, NativeBuffer arena)
    {
        _arena = arena.Floats;
        _scratch = arena.Floats + plan.ArenaFloats;
        _scratchOfThread = ScratchOfThread(plan);
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

    private static long ScratchOfThread(Plan plan) => ((plan.ScratchFloats + PageFloats - 1) / PageFloats * PageFloats) + Stagger;
}

/// <summary>Sizes of chunks: large enough that taking one costs nothing, small enough that threads end together.</summary>
internal static class Chunks
{
    private const double Operations = 1e6; // some 10 µs
    private const double TrafficBytes = 128 << 10;

    /// <summary>How many units of work make a chunk, by multiply-adds.</summary>
    public static int ByOperations(double operationsOfUnit, int units) => Clamp(Operations / operationsOfUnit, units);

    /// <summary>How many units of work make a chunk, by bytes read and written.</summary>
    public static int ByBytes(double bytesOfUnit, int units) => Clamp(TrafficBytes / bytesOfUnit, units);

    /// <summary>How many chunks of that size there are.</summary>
    public static int Count(int units, int size) => (units + size - 1) / size;

    private static int Clamp(double size, int units) => (int)Math.Clamp(size, 1, Math.Max(1, units));
}

/// <summary>An activation of a plan: [N, H, W, padded C] in the arena. What pads the channels is zero.</summary>
internal sealed class Feature(int batch, int height, int width, ChannelLayout layout)
{
    /// <summary>Images.</summary>
    public int Batch => batch;

    /// <summary>Rows of an image.</summary>
    public int Height => height;

    /// <summary>Columns of an image.</summary>
    public int Width => width;

    /// <summary>Pixels of an image.</summary>
    public int Pixels => checked(height * width);

    /// <summary>Pixels of the batch.</summary>
    public int Rows => checked(batch * Pixels);

    /// <summary>How its channels lie.</summary>
    public ChannelLayout Layout => layout;

    /// <summary>Floats from pixel to pixel.</summary>
    public int Stride => layout.Padded;

    /// <summary>Its memory.</summary>
    public ArenaSlot Slot { get; } = new((long)batch * height * width * layout.Padded);
}

/// <summary>What is added to a layer's output.</summary>
/// <param name="Source">Of the output's channels.</param>
/// <param name="Doubled">Whether it has half the size and each of its pixels serves 2x2 of the output.</param>
internal sealed record Residual(Feature Source, bool Doubled = false);

/// <summary>Some columns of the projected time embedding [N, RowStride].</summary>
/// <param name="Source">All columns, [N, 1, 1, RowStride].</param>
/// <param name="Offset">First column.</param>
internal sealed record TimeColumns(Feature Source, int Offset)
{
    /// <summary>Its memory.</summary>
    public ArenaSlot Slot => Source.Slot;

    /// <summary>Floats from image to image.</summary>
    public int RowStride => Source.Stride;
}
