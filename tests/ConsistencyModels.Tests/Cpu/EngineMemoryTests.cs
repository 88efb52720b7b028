using System.Diagnostics;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Packing;
using ConsistencyModels.Cpu.Planning;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

[Collection(Alone.Name)]
public sealed class EngineMemoryTests
{
    private const int Calls = 500;
    private const int SmallestObject = 24;

    [Fact]
    public void Five_hundred_calls_allocate_nothing_on_any_thread_and_take_no_memory()
    {
        using var golden = new GoldenUNet("test_config");
        using var pool = new ComputePool(2);
        using var network = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions { Threads = 2 }, TestContext.Current.CancellationToken);
        var output = new float[golden.Expected.Length];
        void Forward(int calls)
        {
            for (var i = 0; i < calls; i++)
            {
                network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output, CancellationToken.None);
            }
        }

        Forward(50);
        var (memory, native, resident) = (network.MemoryBytes, NativeBuffer.LiveBytes, Resident());
        var own = GC.GetAllocatedBytesForCurrentThread();
        var all = GC.GetTotalAllocatedBytes(precise: true);
        Forward(Calls);
        own = GC.GetAllocatedBytesForCurrentThread() - own;
        all = GC.GetTotalAllocatedBytes(precise: true) - all;

        Assert.Equal(0, own);
        Assert.InRange(all, 0, (Calls * SmallestObject) - 1); // the runner's own threads may allocate a little; one object a call is more
        Assert.Equal(memory, network.MemoryBytes);
        Assert.Equal(native, NativeBuffer.LiveBytes);
        Assert.InRange(Resident() - resident, long.MinValue, 8L << 20);
    }

    [Fact]
    public void A_disposed_network_gives_its_memory_back_to_the_system()
    {
        var config = Config();
        var weights = Weights(config);
        Use(config, weights); // code and thread stacks are there afterwards
        GC.Collect();
        var before = Resident();
        var during = Use(config, weights);
        GC.Collect();

        Assert.InRange(during - before, 100L << 20, long.MaxValue);
        Assert.InRange(Resident() - before, long.MinValue, 16L << 20);
    }

    [Theory]
    [InlineData("imagenet64")]
    [InlineData("tiles32")]
    public void A_plan_says_about_how_much_memory_it_takes(string preset)
    {
        const int Plans = 200;
        var config = NetworkPresets.Load(preset);
        var network = UNet2DDescription.Of(config);
        using var packed = new PackedWeights { Half = false };
        var weights = new LayerWeights(packed);
        Plan Build(int batch) => PlanBuilder.Build(network, weights, batch, config.SampleSize!.Value, threads: 2);
        Build(1); // what all plans share
        var plans = new Plan[Plans];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Plans; i++)
        {
            plans[i] = Build(i + 1);
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Plans;
        Assert.InRange(each, plans[0].Bytes / 2, plans[0].Bytes * 2);
        GC.KeepAlive(plans);
    }

    [Fact]
    public void Many_calls_at_once_stay_within_the_bound_and_give_the_same_bits()
    {
        const int Batch = 12;
        using var golden = new GoldenUNet("test_config");
        using var pool = new ComputePool(4);
        var expected = new float[Batch * golden.Shape.ImageLength];
        var (sample, shape) = (Reference.Normal(new System.Random(1), expected.Length), golden.Shape.WithBatch(Batch));
        void Forward(CpuUNet network, float[] output) =>
            network.Forward(sample, shape, golden.Timesteps.AsSpan(0, 1), new int[golden.Labels.Length > 0 ? Batch : 0], output, CancellationToken.None);

        using var free = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions { Threads = 2 }, TestContext.Current.CancellationToken);
        var weights = free.MemoryBytes;
        Forward(free, expected);
        var bound = (free.MemoryBytes - weights) / 2;
        var options = new CpuEngineOptions { ActivationBytes = bound };
        using var bounded = new CpuEngine(options).LoadOn(pool, golden.Config, golden.Weights, new EngineOptions { Threads = 2 }, TestContext.Current.CancellationToken);
        var outputs = Enumerable.Range(0, 8).Select(_ => new float[expected.Length]).ToArray();
        var most = 0L;
        var threads = outputs.Select(output => new Thread(() =>
        {
            for (var i = 0; i < 10; i++)
            {
                output.AsSpan().Clear();
                Forward(bounded, output);
                InterlockedMax(ref most, bounded.MemoryBytes - weights);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.All(outputs, output => Assert.Equal(expected, output));
        Assert.InRange(most, 1, bound);
        Assert.InRange(bounded.MemoryBytes - weights, 1, bound);
    }

    [Fact]
    public void Two_networks_at_once_take_no_longer_than_in_turn()
    {
        const int Rounds = 12;
        using var golden = new GoldenUNet("test_config");
        using IUNet first = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        using IUNet second = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var shape = golden.Shape.WithBatch(16);
        var sample = Reference.Normal(new System.Random(1), shape.Length);
        void Forward(IUNet network)
        {
            var output = new float[shape.Length];
            for (var i = 0; i < Rounds; i++)
            {
                network.Forward(sample, shape, golden.Timesteps.AsSpan(0, 1), new int[golden.Labels.Length > 0 ? shape.Batch : 0], output, CancellationToken.None);
            }
        }

        Forward(first);
        Forward(second);

        // Threads that fight over the cores take many times as long; a busy machine a little.
        Looks.AtMost(2.5, () =>
        {
            var clock = Stopwatch.StartNew();
            Forward(first);
            Forward(second);
            var inTurn = clock.Elapsed;
            clock.Restart();
            var other = new Thread(() => Forward(second));
            other.Start();
            Forward(first);
            other.Join();
            return clock.Elapsed / inTurn;
        });
    }

    private static void InterlockedMax(ref long place, long value)
    {
        for (var known = Volatile.Read(ref place); value > known;)
        {
            known = Interlocked.CompareExchange(ref place, value, known) is var found && found == known ? value : found;
        }
    }

    private static long Use(UNet2DConfig config, MemoryTensors weights)
    {
        using var network = new CpuEngine().Load(config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var shape = new ImageShape(1, 3, 32, 32);
        network.Forward(new float[shape.Length], shape, [1], [], new float[shape.Length], CancellationToken.None);
        return Resident();
    }

    internal static UNet2DConfig Config() => new()
    {
        SampleSize = new ImageSize(32, 32),
        BlockOutChannels = [128, 256, 384],
        DownBlockTypes = ["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
        AttentionHeadDim = 64,
    };

    internal static MemoryTensors Weights(UNet2DConfig config)
    {
        var weights = new MemoryTensors();
        foreach (var parameter in UNet2DDescription.Of(config).Parameters)
        {
            weights.Add(parameter.Name, new float[parameter.Count], [.. parameter.Shape]);
        }

        return weights;
    }

    private static long Resident()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
