using ConsistencyModels.Checkpoints;
using ConsistencyModels.Engines;
using ConsistencyModels.Networks;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

public class TorchUNetTests
{
    [Fact]
    public async Task Two_threads_get_what_one_gets()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Conditional));
        var expected = Networks.Run(network);
        var cancellation = TestContext.Current.CancellationToken;
        var runs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(
            () => Enumerable.Range(0, 20).Select(_ => Networks.Run(network)).ToArray(), cancellation)));
        Assert.All(runs.SelectMany(run => run), output => Assert.Equal(expected, output));
    }

    [Fact]
    public void An_image_does_not_depend_on_the_batch_around_it()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Conditional));
        var length = Networks.Shape(network.Config, 1).Length;
        var together = Networks.Run(network, batch: 5);
        for (var i = 0; i < 5; i++)
        {
            var alone = Networks.Run(network, batch: 1, first: i);
            Assert.InRange(Networks.LargestDifference(together[(i * length)..((i + 1) * length)], alone), 0, 1e-5f);
        }
    }

    [Fact]
    public void A_large_batch_goes_through_in_parts_with_its_own_timesteps_and_classes()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Conditional));
        var shape = new ImageShape(18, 3, 64, 64);
        var sample = Enumerable.Range(0, shape.Length).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        var timesteps = Enumerable.Range(0, shape.Batch).Select(i => 100f + (50 * i)).ToArray();
        var labels = Enumerable.Range(0, shape.Batch).Select(i => i % 5).ToArray();
        var together = new float[shape.Length];
        network.Forward(sample, shape, timesteps, labels, together, TestContext.Current.CancellationToken);
        foreach (var i in (int[])[0, 15, 16, 17])
        {
            var image = (i * shape.ImageLength)..((i + 1) * shape.ImageLength);
            var alone = new float[shape.ImageLength];
            network.Forward(sample.AsSpan(image), shape.WithBatch(1), timesteps.AsSpan(i, 1), labels.AsSpan(i, 1), alone, TestContext.Current.CancellationToken);
            Assert.InRange(Networks.LargestDifference(together[image], alone), 0, 1e-5f);
        }
    }

    [Fact]
    public void One_timestep_stands_for_all()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Plain));
        var shape = Networks.Shape(network.Config, 2);
        var sample = Enumerable.Range(0, shape.Length).Select(i => MathF.Sin(i)).ToArray();
        var one = new float[shape.Length];
        var two = new float[shape.Length];
        network.Forward(sample, shape, [31.5f], [], one, TestContext.Current.CancellationToken);
        network.Forward(sample, shape, [31.5f, 31.5f], [], two, TestContext.Current.CancellationToken);
        Assert.Equal(one, two);
    }

    [Theory]
    [InlineData(TensorDType.F16, 0.004)]
    [InlineData(TensorDType.BF16, 0.03)]
    public void Narrow_types_come_close(TensorDType dtype, double tolerance)
    {
        using var folder = new TempFolder();
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, Networks.Weights(Networks.Conditional));
        using var weights = SafetensorsFile.Open(path);
        using var exact = new TorchEngine().Load(Networks.Conditional, weights, new(), TestContext.Current.CancellationToken);
        using var narrow = new TorchEngine().Load(Networks.Conditional, weights, new() { DType = dtype }, TestContext.Current.CancellationToken);
        var expected = Networks.Run(exact);
        var found = Networks.Run(narrow);
        var error = RootMeanSquare(expected.Zip(found, (a, b) => a - b)) / RootMeanSquare(expected);

        // Not equal either: it must really have run narrow.
        Assert.InRange(error, 1e-6, tolerance);
    }

    private static double RootMeanSquare(IEnumerable<float> values) => Math.Sqrt(values.Average(value => (double)value * value));

    [Fact]
    public void Other_element_types_are_refused()
    {
        using var folder = new TempFolder();
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, Networks.Weights(Networks.Plain));
        using var weights = SafetensorsFile.Open(path);
        var error = Assert.Throws<ConsistencyModelsException>(() => new TorchEngine().Load(Networks.Plain, weights, new() { DType = TensorDType.I64 }, TestContext.Current.CancellationToken));
        Assert.Equal("dtype: found I64, expected F32, F16 or BF16", error.Message);
    }

    [Fact]
    public void Live_tensors_stay_flat()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Conditional));
        Networks.Run(network);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 200; i++)
        {
            Networks.Run(network);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Bad_calls_name_what_is_wrong()
    {
        using var network = new TorchUNet(Networks.Make(Networks.Conditional));
        var shape = Networks.Shape(network.Config, 2);
        var x = new float[shape.Length];
        void Forward(ImageShape size, float[] times, int[] labels) => network.Forward(x, size, times, labels, new float[shape.Length]);

        Assert.Contains("multiples of 2", Assert.Throws<ArgumentException>(() => Forward(shape with { Height = 7 }, [1], [0, 0])).Message, StringComparison.Ordinal);
        Assert.Contains("[N, 3, H, W]", Assert.Throws<ArgumentException>(() => Forward(shape with { Channels = 4 }, [1], [0, 0])).Message, StringComparison.Ordinal);
        Assert.Contains("3 timesteps", Assert.Throws<ArgumentException>(() => Forward(shape, [1, 2, 3], [0, 0])).Message, StringComparison.Ordinal);
        Assert.Contains("0 to 4", Assert.ThrowsAny<ArgumentException>(() => Forward(shape, [1], [0, 5])).Message, StringComparison.Ordinal);
        Assert.Contains("1 class labels", Assert.Throws<ArgumentException>(() => Forward(shape, [1], [0])).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => network.Forward(x, shape, [1], [0, 0], x, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Disposed_during_calls_it_ends_them_well_and_then_frees_the_network()
    {
        for (var round = 0; round < 10; round++)
        {
            var model = Networks.Make(Networks.Conditional);
            var network = new TorchUNet(model);
            var expected = Networks.Run(network);
            using var begun = new CountdownEvent(2);
            var failures = new Exception?[2];
            var threads = Enumerable.Range(0, 2).Select(i => new Thread(() =>
            {
                try
                {
                    for (var call = 0; ; call++)
                    {
                        Assert.Equal(expected, Networks.Run(network));
                        if (call == 0)
                        {
                            begun.Signal();
                        }
                    }
                }
                catch (Exception e)
                {
                    failures[i] = e;
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            begun.Wait(TestContext.Current.CancellationToken);
            Thread.Sleep(round); // into a call, somewhere
            network.Dispose();
            threads.ForEach(thread => thread.Join());

            Assert.All(failures, failure => Assert.Contains(nameof(TorchUNet), Assert.IsType<ObjectDisposedException>(failure).ObjectName, StringComparison.Ordinal));
            Assert.True(model.FlatParameters.IsInvalid);
        }
    }

    [Fact]
    public void A_network_of_someone_else_is_neither_disposed_nor_switched()
    {
        using var model = Networks.Make(Networks.Plain, trainable: true);
        Assert.Contains("eval()", Assert.Throws<ArgumentException>(() => new TorchUNet(model, owns: false)).Message, StringComparison.Ordinal);
        Assert.True(model.training);

        model.eval();
        var network = new TorchUNet(model, owns: false);
        Networks.Run(network);
        network.Dispose();
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Networks.Run(network));
        Assert.False(model.FlatParameters.IsInvalid);
    }

    [Fact]
    public void A_load_can_be_cancelled()
    {
        using var folder = new TempFolder();
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, Networks.Weights(Networks.Plain));
        using var weights = SafetensorsFile.Open(path);
        using var model = Networks.Make(Networks.Plain);
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(() => new TorchEngine().Load(Networks.Plain, weights, new(), cancelled));
        Assert.Throws<OperationCanceledException>(() => ParameterFiller.Load(model, weights, cancelled));
    }

    [Fact]
    public void A_number_of_threads_is_chosen_once_unless_it_is_set_outright()
    {
        var applied = new List<int>();
        var setting = new TorchDevice.ThreadSetting(applied.Add);
        setting.Choose(2);
        setting.Choose(2);
        var error = Assert.Throws<ConsistencyModelsException>(() => setting.Choose(4));
        Assert.StartsWith("threads: found 4, expected 2: ", error.Message, StringComparison.Ordinal);
        setting.Set(4);
        setting.Choose(4);
        Assert.Equal([2, 4], applied);
    }

    [Fact]
    public void It_is_taken_where_the_managed_engine_cannot_run() =>
        Assert.IsType<TorchEngine>(EngineRegistry.Managed.With(new TorchEngine()).For(new EngineOptions { DType = TensorDType.BF16 }));
}
