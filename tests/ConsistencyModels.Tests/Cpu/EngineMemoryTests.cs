using System.Diagnostics;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;
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
        using var network = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions { Threads = 2 });
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

    [Fact]
    public void Two_networks_at_once_take_no_longer_than_in_turn()
    {
        const int Rounds = 12;
        using var golden = new GoldenUNet("test_config");
        using IUNet first = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions());
        using IUNet second = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions());
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
        var clock = Stopwatch.StartNew();
        Forward(first);
        Forward(second);
        var inTurn = clock.Elapsed;
        clock.Restart();
        var other = new Thread(() => Forward(second));
        other.Start();
        Forward(first);
        other.Join();

        // Threads that fight over the cores take many times as long; a busy machine a little.
        Assert.InRange(clock.Elapsed / inTurn, 0, 2.5);
    }

    private static long Use(UNet2DConfig config, MemoryTensors weights)
    {
        using var network = new CpuEngine().Load(config, weights, new EngineOptions());
        var shape = new ImageShape(1, 3, 32, 32);
        network.Forward(new float[shape.Length], shape, [1], [], new float[shape.Length], CancellationToken.None);
        return Resident();
    }

    private static UNet2DConfig Config() => new()
    {
        SampleSize = new ImageSize(32, 32),
        BlockOutChannels = [128, 256, 384],
        DownBlockTypes = ["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
        AttentionHeadDim = 64,
    };

    private static MemoryTensors Weights(UNet2DConfig config)
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
