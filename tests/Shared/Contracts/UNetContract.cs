using System.Collections.Concurrent;
using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;

namespace ConsistencyModels.Testing;

/// <summary>What every engine's network keeps, whatever computes it: run once for each by a class that only says how to load one.</summary>
public abstract class UNetContract
{
    // More calls than the machine has cores: the rest have to wait their turn and lose nothing.
    private static readonly int Crowd = (2 * Environment.ProcessorCount) + 1;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>How far an image's output may be from the same image's in another batch; 0 where the engine promises the same bits.</summary>
    protected abstract float BatchTolerance { get; }

    /// <summary>Loads an opened model's network.</summary>
    protected abstract IUNet Load(Model model);

    [Theory]
    [InlineData(0, 3, 32, 32)]
    [InlineData(1, 4, 32, 32)]
    [InlineData(1, 3, 31, 32)]
    [InlineData(1, 3, 32, 6)]
    [InlineData(1, 3, 0, 32)]
    [InlineData(-1, 3, 32, 32)]
    public void A_shape_that_the_network_does_not_take_is_refused(int batch, int channels, int height, int width)
    {
        using var network = Tiles();
        var length = Math.Max(0, batch * channels * height * width);
        var output = new float[length];
        var labels = new int[Math.Max(0, batch)];
        Assert.ThrowsAny<ArgumentException>(() => network.Forward(new float[length], new(batch, channels, height, width), [1f], labels, output, Token));
    }

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(0, 1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 0, 1)]
    [InlineData(0, 0, 0, -1)]
    public void Lengths_that_do_not_fit_the_shape_are_refused(int sample, int timesteps, int output, int labels)
    {
        using var network = Tiles();
        var shape = new ImageShape(2, 3, 32, 32);
        Assert.ThrowsAny<ArgumentException>(() => network.Forward(
            new float[shape.Length + sample], shape, new float[2 + timesteps], new int[2 + labels], new float[shape.Length + output], Token));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(20)]
    [InlineData(int.MaxValue)]
    public void A_label_outside_the_classes_is_refused_and_named(int label)
    {
        using var network = Tiles();
        var shape = new ImageShape(2, 3, 32, 32);
        var error = Assert.ThrowsAny<ArgumentException>(() => network.Forward(new float[shape.Length], shape, [1f], [0, label], new float[shape.Length], Token));
        Assert.Contains($"{label}", error.Message);
    }

    [Fact]
    public void Labels_for_a_network_without_classes_are_refused()
    {
        using var model = Open("unet", "uncond_default_6level");
        using var network = Load(model);
        var size = network.Config.SpatialFactor;
        var shape = new ImageShape(1, network.Config.InChannels, size, size);
        var output = new float[shape.WithBatch(1).Length / shape.Channels * network.Config.OutChannels];
        Assert.ThrowsAny<ArgumentException>(() => network.Forward(new float[shape.Length], shape, [1f], [0], output, Token));
        network.Forward(new float[shape.Length], shape, [1f], [], output, Token);
    }

    [Fact]
    public void An_image_does_not_depend_on_its_batch_and_has_its_own_level_and_label()
    {
        using var network = Tiles();
        foreach (var batch in new[] { 2, 5, 19 })
        {
            var call = new Call(batch);
            var together = call.Run(network, Token);
            for (var i = 0; i < batch; i++)
            {
                Near(call.Alone(network, i, Token), call.Image(together, i), BatchTolerance);
            }
        }
    }

    [Fact]
    public void One_level_for_all_is_that_level_for_each_and_a_label_matters()
    {
        using var network = Tiles();
        var call = new Call(3);
        Array.Fill(call.Timesteps, 700f);
        var each = call.Run(network, Token);
        var all = new float[each.Length];
        network.Forward(call.Sample, call.Shape, [700f], call.Labels, all, Token);
        Assert.Equal(each, all);
        call.Labels[1] = 6 - call.Labels[1];
        Assert.False(call.Image(each, 1).SequenceEqual(call.Image(call.Run(network, Token), 1)));
    }

    [Fact]
    public void More_calls_at_once_than_cores_give_what_each_gives_alone_and_leave_their_inputs()
    {
        using var network = Tiles();
        var calls = Enumerable.Range(0, Crowd).Select(i => new Call(1 + (i % 3), seed: (ulong)i)).ToArray();
        var alone = Array.ConvertAll(calls, call => call.Run(network, Token));
        var inputs = Array.ConvertAll(calls, call => (float[])call.Sample.Clone());
        var together = new float[calls.Length][];
        Parallel(calls.Length, i => together[i] = calls[i].Run(network, Token));
        for (var i = 0; i < calls.Length; i++)
        {
            Near(alone[i], together[i], BatchTolerance);
            Assert.Equal(inputs[i], calls[i].Sample);
        }
    }

    [Fact]
    public void A_cancelled_call_throws_and_the_network_goes_on()
    {
        using var network = Tiles();
        var call = new Call(2);
        var before = call.Run(network, Token);
        Assert.ThrowsAny<OperationCanceledException>(() => call.Run(network, new CancellationToken(canceled: true)));
        using var soon = new CancellationTokenSource();
        var outcomes = new ConcurrentBag<Exception?>();
        Parallel(Crowd, i =>
        {
            if (i == 0)
            {
                soon.Cancel();
            }

            outcomes.Add(Record.Exception(() => call.Run(network, soon.Token)));
        });
        Assert.All(outcomes, outcome => Assert.True(outcome is null or OperationCanceledException, $"{outcome}"));
        Assert.Equal(before, call.Run(network, Token));
    }

    [Fact]
    public void A_network_disposed_during_calls_finishes_them_or_refuses_them()
    {
        for (var round = 0; round < 3; round++)
        {
            var network = Tiles();
            var call = new Call(2);
            var right = call.Run(network, Token);
            var outcomes = new ConcurrentBag<(float[]? Output, Exception? Error)>();
            Parallel(Crowd, i =>
            {
                if (i == Crowd / 2)
                {
                    network.Dispose();
                    return;
                }

                float[]? output = null;
                var error = Record.Exception(() => output = call.Run(network, Token));
                outcomes.Add((output, error));
            });
            Assert.All(outcomes, outcome =>
            {
                if (outcome.Error is not null)
                {
                    Assert.IsType<ObjectDisposedException>(outcome.Error, exactMatch: false);
                }
                else
                {
                    Near(right, outcome.Output, BatchTolerance);
                }
            });
            network.Dispose();
            Assert.ThrowsAny<ObjectDisposedException>(() => call.Run(network, Token));
        }
    }

    private static Model Open(params string[] golden) => ModelReader.Open(RepositoryFiles.Golden(golden));

    private static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"At {i}: expected {expected[i]}, found {actual[i]}, at most {tolerance} apart.");
        }
    }

    // Threads of their own: the pool would start them one after another.
    private static void Parallel(int count, Action<int> body)
    {
        using var start = new Barrier(count);
        var failures = new ConcurrentBag<Exception>();
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            if (Record.Exception(() => body(i)) is { } failure)
            {
                failures.Add(failure);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(failures);
    }

    private IUNet Tiles()
    {
        using var model = ModelReader.Open(RepositoryFiles.Model("crawl-tiles-32"));
        return Load(model);
    }

    /// <summary>The arguments of one call: every image with a level and a label of its own.</summary>
    private sealed class Call
    {
        public Call(int batch, ulong seed = 0)
        {
            Shape = new(batch, 3, 32, 32);
            Sample = new float[Shape.Length];
            new TorchGenerator(seed).Randn(Sample);
            Timesteps = [.. Enumerable.Range(0, batch).Select(i => 1095f - (170f * (i % 9)))];
            Labels = [.. Enumerable.Range(0, batch).Select(i => (i + (int)seed) % 7)];
        }

        public ImageShape Shape { get; }

        public float[] Sample { get; }

        public float[] Timesteps { get; }

        public int[] Labels { get; }

        public float[] Run(IUNet network, CancellationToken token)
        {
            var output = new float[Shape.Length];
            network.Forward(Sample, Shape, Timesteps, Labels, output, token);
            return output;
        }

        public float[] Alone(IUNet network, int image, CancellationToken token)
        {
            var output = new float[Shape.ImageLength];
            network.Forward(Image(Sample, image), Shape.WithBatch(1), [Timesteps[image]], [Labels[image]], output, token);
            return output;
        }

        public ReadOnlySpan<float> Image(float[] batch, int image) => batch.AsSpan(image * Shape.ImageLength, Shape.ImageLength);
    }
}
