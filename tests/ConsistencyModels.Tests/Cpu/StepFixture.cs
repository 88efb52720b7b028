using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>Runs single steps of a plan on given features.</summary>
internal sealed unsafe class StepFixture : IDisposable
{
    private readonly PackedWeights _packed = new() { Half = false };
    private readonly List<(Feature Feature, float[] Values)> _inputs = [];
    private readonly ComputePool _pool = new(3);

    public StepFixture(MemoryTensors tensors)
    {
        Tensors = tensors;
        Weights = new LayerWeights(_packed);
    }

    public MemoryTensors Tensors { get; }

    public LayerWeights Weights { get; }

    public int Threads { get; init; } = 2;

    /// <summary>Weights packed in a way of the test's choice.</summary>
    public T Packed<T>(string name, T tensor)
        where T : PackedTensor => _packed.Get(name, () => tensor);

    /// <summary>A feature holding values in NHWC order without padding.</summary>
    public Feature Input(int batch, int height, int width, int channels, float[] values) =>
        Input(new Feature(batch, height, width, new ChannelLayout(channels)), values);

    /// <summary>A feature holding values in NHWC order without padding.</summary>
    public Feature Input(Feature feature, float[] values)
    {
        _inputs.Add((feature, values));
        return feature;
    }

    /// <summary>Runs steps and returns a feature in NHWC order without padding; the padding must be zero.</summary>
    public float[] Run(Feature result, params Step[] steps)
    {
        var plan = new Plan([new Keep([.. _inputs.Select(input => input.Feature.Slot)]), .. steps, new Keep([result.Slot])]);
        var region = new WorkRegion(_pool, Threads);
        _pool.Enter(region, CancellationToken.None);
        try
        {
            _packed.Fill(new WeightReader(Tensors), new ParallelRunner(region, CancellationToken.None));
            var call = new Call(_pool, Threads);
            using var arena = new NativeBuffer(call.BytesFor(plan));
            call.Use(plan, arena);
            new Span<float>(arena.Floats, (int)plan.ArenaFloats).Fill(float.NaN);
            foreach (var (feature, values) in _inputs)
            {
                Copy(feature, call.At(feature.Slot), values, toFeature: true);
            }

            _pool.Leave(region);
            _pool.Enter(call.Region, CancellationToken.None);
            region = call.Region;
            plan.Run(call, CancellationToken.None);
            var output = new float[result.Rows * result.Layout.Channels];
            Copy(result, call.At(result.Slot), output, toFeature: false);
            return output;
        }
        finally
        {
            _pool.Leave(region);
        }
    }

    public void Dispose()
    {
        _packed.Dispose();
        _pool.Dispose();
    }

    /// <summary>Copies values into a feature's memory, or out of it; what pads its channels is zero.</summary>
    internal static void Copy(Feature feature, float* memory, float[] values, bool toFeature)
    {
        var channels = feature.Layout.Channels;
        for (var row = 0; row < feature.Rows; row++)
        {
            for (var i = 0; i < feature.Stride; i++)
            {
                ref var place = ref memory[(row * feature.Stride) + i];
                var logical = feature.Layout.Logical[i];
                if (toFeature)
                {
                    place = logical < 0 ? 0 : values[(row * channels) + logical];
                }
                else if (logical >= 0)
                {
                    values[(row * channels) + logical] = place;
                }
                else
                {
                    Assert.Equal(0, place);
                }
            }
        }
    }

    /// <summary>Keeps memory alive to here.</summary>
    internal sealed class Keep(ArenaSlot[] slots) : Step
    {
        public override IEnumerable<ArenaSlot> Slots => slots;

        public override void Run(Call call)
        {
        }

        public override void Chunk(Call call, int phase, int chunk, int slot)
        {
        }
    }
}
