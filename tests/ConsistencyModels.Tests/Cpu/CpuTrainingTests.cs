using ConsistencyModels.Checkpoints;
using ConsistencyModels.Cpu;
using ConsistencyModels.Cpu.Memory;
using ConsistencyModels.Cpu.Threading;
using ConsistencyModels.Networks;

namespace ConsistencyModels.Tests.Cpu;

/// <summary>What the CPU engine keeps in training beside the contract.</summary>
[Collection(Alone.Name)]
public sealed class CpuTrainingTests
{
    // Channels for both cuts of a convolution's way back, and sizes for both of Winograd's tiles.
    private static readonly UNet2DConfig Wide = TrainableNetworks.Named("conditional") with
    {
        SampleSize = new(16, 16),
        BlockOutChannels = [32, 160],
        NormNumGroups = 16,
        AttentionHeadDim = 40,
        AddAttention = false,
    };

    public static TheoryData<string, int> Networks => new()
    {
        { "conditional", 5 }, { "plain", 2 }, { "odd", 7 }, { "wide", 5 },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Any_number_of_threads_gives_the_same_bits(string name, int batch)
    {
        var config = name == "wide" ? Wide : TrainableNetworks.Named(name);
        using var pool = new ComputePool(3);
        var call = new TrainableCall(config, batch);
        float[] After(int threads)
        {
            using var network = Network(pool, config, threads);
            using var first = network.NewBuffer();
            using var second = network.NewBuffer();
            for (var step = 0; step < 3; step++)
            {
                network.Gradients.Clear();
                call.Learn(network, seed: step);
                network.Gradients.Scale(1 / network.Gradients.Norm());
                network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 1e-3, 1));
            }

            return [.. Values(network.Parameters), .. Values(network.Gradients), .. call.Evaluate(network, first, seed: 3)];
        }

        var one = After(1);
        Assert.Equal(one, After(2));
        Assert.Equal(one, After(3));
        Assert.All(one, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void An_average_that_is_no_buffer_of_its_own_is_refused()
    {
        using var network = new CpuEngine().Create(UNet2DDescription.Of(TrainableNetworks.Named("plain")), new EngineOptions());
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        foreach (var buffer in (IParameterBuffer[])[network.Parameters, network.Gradients, first, second])
        {
            Assert.Throws<ArgumentException>(() => network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 1, null), [(buffer, 0.5)]));
        }
    }

    [Fact]
    public void Steps_allocate_next_to_nothing_and_memory_stays()
    {
        const int Steps = 300;
        var config = TrainableNetworks.Named("plain");
        using var pool = new ComputePool(1); // no other thread's allocations
        using var network = Network(pool, config, 1);
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        var call = new TrainableCall(config, 4);
        var output = new float[call.Direction.Length];
        void Step()
        {
            network.Gradients.Clear();
            using (var pass = network.Forward(call.Input, 1, output))
            {
                pass.Backward(call.Direction);
            }

            network.Gradients.Scale(1 / Math.Max(1, network.Gradients.Norm()));
            network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 1e-4, 1));
        }

        for (var i = 0; i < 3; i++)
        {
            Step();
        }

        var (native, managed) = (NativeBuffer.LiveBytes, GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < Steps; i++)
        {
            Step();
        }

        Assert.Equal(native, NativeBuffer.LiveBytes);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - managed) / Steps, 0, 256); // the pass itself
    }

    [Theory]
    [InlineData("plain", 2)]
    [InlineData("conditional", 9)]
    public void What_a_step_takes_is_known_before(string name, int batch)
    {
        var config = TrainableNetworks.Named(name);
        var engine = new CpuEngine();
        var options = new EngineOptions { Threads = 1 };
        using var network = engine.Create(UNet2DDescription.Of(config), options);
        network.Parameters.Write(0, TrainableContract.FreshParameters(network.Description, 7));
        var call = new TrainableCall(config, batch);
        var before = NativeBuffer.LiveBytes;
        call.Learn(network);
        var taken = NativeBuffer.LiveBytes - before;
        Assert.InRange(engine.StepBytes(network.Description, call.Shape, options)!.Value, 0.9 * taken, 1.1 * taken);
    }

    [Fact]
    public async Task Views_and_a_trainer_take_turns()
    {
        var config = TrainableNetworks.Named("plain");
        using var pool = new ComputePool(2);
        using var network = Network(pool, config, 2);
        using var average = network.NewBuffer();
        average.CopyFrom(network.Parameters);
        using var other = network.NewBuffer();
        other.CopyFrom(network.Gradients);
        var call = new TrainableCall(config, 3);
        call.Learn(network);
        var (gradient, drawn, zeros) = (Values(network.Gradients), call.Evaluate(network, average, seed: null), call.Evaluate(network, other, seed: null));
        var cancellation = TestContext.Current.CancellationToken;
        await Task.WhenAll(
            Task.Run(() => Draw(average, drawn), cancellation), Task.Run(() => Draw(average, drawn), cancellation), Task.Run(() => Draw(other, zeros), cancellation), Task.Run(
                () =>
                {
                    for (var i = 0; i < 20; i++)
                    {
                        network.Gradients.Clear();
                        call.Learn(network);
                        Assert.Equal(gradient, Values(network.Gradients));
                    }
                },
                cancellation));

        void Draw(IParameterBuffer buffer, float[] expected)
        {
            for (var i = 0; i < 20; i++)
            {
                using var view = new BufferedUNet(network, buffer);
                var output = new float[expected.Length];
                view.Forward(call.Sample, call.Shape, call.Timesteps, call.Labels, output, cancellation);
                Assert.Equal(expected, output);
            }
        }
    }

    [Fact]
    public void What_was_disposed_says_so_and_leaves_nothing()
    {
        var config = TrainableNetworks.Named("plain");
        using var pool = new ComputePool(1);
        var held = NativeBuffer.LiveBytes;
        var network = Network(pool, config, 1);
        var (buffer, gone) = (network.NewBuffer(), network.NewBuffer());
        var call = new TrainableCall(config, 2);
        var pass = network.Forward(call.Input, 1, new float[call.Direction.Length]);
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => call.Evaluate(network, gone, seed: null));
        Assert.Throws<ObjectDisposedException>(() => gone.Clear());
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pass.Backward(call.Direction));
        Assert.Throws<ObjectDisposedException>(() => call.Learn(network));
        Assert.Throws<ObjectDisposedException>(() => call.Evaluate(network, buffer, seed: null));
        Assert.Throws<ObjectDisposedException>(() => network.NewBuffer());
        Assert.Throws<ObjectDisposedException>(() => buffer.Norm());
        Assert.Throws<ObjectDisposedException>(() => buffer.Read(0, new float[1]));
        Assert.Throws<ObjectDisposedException>(() => network.Parameters.Write(0, new float[1]));
        pass.Dispose();
        buffer.Dispose();
        network.Dispose();
        Assert.Equal(held, NativeBuffer.LiveBytes);
    }

    [Fact]
    public void Dropout_leaves_out_as_many_as_it_says_and_differs_by_seed_layer_and_element()
    {
        const int Count = 1 << 16;
        float[] Mask(long seed, int layer, long first)
        {
            var values = Enumerable.Repeat(1f, Count).ToArray();
            unsafe
            {
                fixed (float* x = values)
                {
                    ConsistencyModels.Cpu.Kernels.DropoutKernel.Apply(x, Count, ConsistencyModels.Cpu.Kernels.DropoutKernel.Key(seed, layer), first, 0.3);
                }
            }

            return values;
        }

        var mask = Mask(1, 2, 0);
        Assert.Equal([0, 1 / 0.7f], mask.Distinct().Order());
        Assert.InRange(mask.Count(value => value == 0) / (double)Count, 0.29, 0.31);
        Assert.Equal(mask[1000..], Mask(1, 2, 1000)[..^1000]);
        foreach (var other in new[] { Mask(2, 2, 0), Mask(1, 3, 0), Mask(1, 2, 1 << 20) })
        {
            Assert.InRange(mask.Zip(other, (a, b) => a == b).Count(same => same) / (double)Count, 0.56, 0.60);
        }
    }

    [Theory]
    [InlineData("cpu", TensorDType.F32, true)]
    [InlineData("CPU", TensorDType.F32, true)]
    [InlineData("cpu", TensorDType.F16, false)]
    [InlineData("cuda", TensorDType.F32, false)]
    public void It_trains_in_single_precision_on_the_processor(string device, TensorDType dtype, bool can)
    {
        var options = new EngineOptions { Device = device, DType = dtype };
        Assert.Equal(can, new CpuEngine().CanTrain(options));
        if (!can)
        {
            Assert.Throws<ConsistencyModelsException>(() => new CpuEngine().Create(UNet2DDescription.Of(TrainableNetworks.Named("plain")), options));
        }
    }

    private static ITrainableUNet Network(ComputePool pool, UNet2DConfig config, int threads)
    {
        var network = new CpuEngine().CreateOn(pool, UNet2DDescription.Of(config), new EngineOptions { Threads = threads });
        network.Parameters.Write(0, TrainableContract.FreshParameters(network.Description, 7));
        return network;
    }

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }
}
