using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Files;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

public sealed class CpuUNetTests
{
    public static TheoryData<string> Names() => [.. GoldenUNet.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void One_and_more_threads_give_the_same_bits(string name)
    {
        using var golden = new GoldenUNet(name);
        using var pool = new ComputePool(4);
        var single = Run(golden, pool, 1);
        for (var threads = 2; threads <= 4; threads++)
        {
            Assert.Equal(single, Run(golden, pool, threads));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_image_does_not_depend_on_its_batch(string name)
    {
        const int Batch = 16;
        using var golden = new GoldenUNet(name);
        using var network = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var shape = golden.Shape.WithBatch(Batch);
        var random = new System.Random(5);
        var sample = Reference.Normal(random, shape.Length);
        var timesteps = Reference.Normal(random, Batch, 300).Select(MathF.Abs).ToArray();
        var labels = golden.Config.NumClassEmbeds is { } classes ? Enumerable.Range(0, Batch).Select(_ => random.Next(classes)).ToArray() : [];
        var together = new float[shape.Length];
        network.Forward(sample, shape, timesteps, labels, together, TestContext.Current.CancellationToken);

        for (var image = 0; image < Batch; image++)
        {
            var alone = new float[shape.ImageLength];
            network.Forward(
                sample.AsSpan(image * shape.ImageLength, shape.ImageLength), shape.WithBatch(1), timesteps.AsSpan(image, 1),
                labels.Length > 0 ? labels.AsSpan(image, 1) : [], alone, TestContext.Current.CancellationToken);
            Assert.Equal(alone, together.AsSpan(image * shape.ImageLength, shape.ImageLength).ToArray());
        }
    }

    [Fact]
    public void One_timestep_serves_the_batch_and_sizes_may_change_from_call_to_call()
    {
        using var golden = new GoldenUNet("test_config");
        using var network = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        for (var height = 2; height <= 40; height += 2)
        {
            var shape = new ImageShape(2, 3, height, 42 - height);
            var sample = Reference.Normal(new System.Random(height), shape.Length);
            float[] one = new float[shape.Length], two = new float[shape.Length];
            network.Forward(sample, shape, [250.5f], [1, 2], one, TestContext.Current.CancellationToken);
            network.Forward(sample, shape, [250.5f, 250.5f], [1, 2], two, TestContext.Current.CancellationToken);
            Assert.Equal(one, two);
            Assert.DoesNotContain(one, value => !float.IsFinite(value));
        }
    }

    [Fact]
    public void Calls_at_once_give_what_calls_in_turn_give()
    {
        using var golden = new GoldenUNet("test_config");
        using var pool = new ComputePool(2);
        using var network = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        using var other = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var expected = Forward(network, golden);
        var results = new float[24][];
        var threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            for (var i = t; i < results.Length; i += 4)
            {
                results[i] = Forward(i % 2 == 0 ? network : other, golden);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.All(results, result => Assert.Equal(expected, result));
    }

    [Fact]
    public void A_disposed_network_has_no_memory_and_takes_no_calls()
    {
        using var golden = new GoldenUNet("test_config");
        var network = (CpuUNet)new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        Forward(network, golden);
        Assert.True(network.MemoryBytes > 0);

        network.Dispose();
        network.Dispose();

        Assert.Equal(0, network.MemoryBytes);
        Assert.Throws<ObjectDisposedException>(() => Forward(network, golden));
    }

    [Fact]
    public void A_cancelled_call_throws_and_the_next_one_works()
    {
        using var golden = new GoldenUNet("test_config");
        using var network = new CpuEngine().Load(golden.Config, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var expected = Forward(network, golden);
        using var source = new CancellationTokenSource();
        source.CancelAfter(TimeSpan.FromMilliseconds(1));

        void UntilCancelled()
        {
            while (true)
            {
                network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, new float[golden.Expected.Length], source.Token);
            }
        }

        Assert.ThrowsAny<OperationCanceledException>(UntilCancelled);
        Assert.Equal(expected, Forward(network, golden));
    }

    [Fact]
    public void What_the_engine_cannot_do_is_refused()
    {
        using var golden = new GoldenUNet("test_config");
        var engine = new CpuEngine();
        Assert.Contains("cuda", Assert.Throws<ConsistencyModelsException>(
            () => engine.Load(golden.Config, golden.Weights, new EngineOptions { Device = "cuda" }, TestContext.Current.CancellationToken)).Message);
        Assert.Contains("BF16", Assert.Throws<ConsistencyModelsException>(
            () => engine.Load(golden.Config, golden.Weights, new EngineOptions { DType = TensorDType.BF16 }, TestContext.Current.CancellationToken)).Message);
        Assert.Throws<CheckpointException>(
            () => engine.Load(golden.Config with { LayersPerBlock = 3 }, golden.Weights, new EngineOptions(), TestContext.Current.CancellationToken));
    }

    private static float[] Run(GoldenUNet golden, ComputePool pool, int threads)
    {
        using var network = new CpuEngine().LoadOn(pool, golden.Config, golden.Weights, new EngineOptions { Threads = threads }, TestContext.Current.CancellationToken);
        return Forward(network, golden);
    }

    private static float[] Forward(IUNet network, GoldenUNet golden)
    {
        var output = new float[golden.Expected.Length];
        network.Forward(golden.Sample, golden.Shape, golden.Timesteps, golden.Labels, output);
        return output;
    }
}
