using ConsistencyModels.Models;
using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Tests.Cpu;

namespace ConsistencyModels.Testing;

/// <summary>What every engine that trains keeps, whatever computes it: run once for each by a class that only says which it is.</summary>
public abstract partial class TrainableContract
{
    /// <summary>How far two ways to the same result may be apart, as a share of the largest value.</summary>
    private const double Rounding = 2e-5;

    public static TheoryData<string> All => ["conditional", "plain", "fourier", "odd"];

    /// <summary>An engine that trains too.</summary>
    protected abstract INetworkEngine Engine { get; }

    /// <summary>What it holds on this thread now that has to be given back: bytes, or objects.</summary>
    protected abstract long Held { get; }

    [Theory]
    [MemberData(nameof(All))]
    public void Without_dropout_it_is_the_network_that_the_engine_loads(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7);
        using var other = network.NewBuffer();
        Fill(other, network, seed: 8);
        var call = new TrainableCall(config, 3);
        Near(Loaded(network, network.Parameters, call), call.Evaluate(network, network.Parameters, null));
        Near(Loaded(network, other, call), call.Evaluate(network, other, null));
        other.CopyFrom(network.Parameters);
        Near(Loaded(network, network.Parameters, call), call.Evaluate(network, other, null));
        var view = new BufferedUNet(network, other);
        var output = new float[call.Direction.Length];
        view.Forward(call.Sample, call.Shape, call.Timesteps, call.Labels, output, TestContext.Current.CancellationToken);
        Near(call.Evaluate(network, other, null), output);
    }

    [Fact]
    public void A_large_batch_gives_what_its_images_give()
    {
        // More pixels than any engine takes at once.
        var config = TrainableNetworks.Named("conditional") with { SampleSize = new(128, 128), BlockOutChannels = [8, 8], DownBlockTypes = ["DownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "UpBlock2D"], MidBlockType = null };
        using var network = Create(config, seed: 7);
        var all = new TrainableCall(config, 9);
        var together = all.Evaluate(network, network.Parameters, null);
        for (var i = 0; i < 9; i++)
        {
            var one = new TrainableCall(config, 1)
            {
                Sample = all.Sample[(i * all.Shape.ImageLength)..((i + 1) * all.Shape.ImageLength)],
                Timesteps = [all.Timesteps[i]],
                Labels = [all.Labels[i]],
            };
            Near(one.Evaluate(network, network.Parameters, null), together[(i * all.Shape.ImageLength)..((i + 1) * all.Shape.ImageLength)]);
        }
    }

    [Theory]
    [InlineData("conditional")]
    [InlineData("plain")]
    public void Dropout_follows_its_seed_in_both_passes(string name)
    {
        var config = TrainableNetworks.Named(name);
        using var network = Create(config, seed: 7);
        using var copy = network.NewBuffer();
        copy.CopyFrom(network.Parameters);
        var call = new TrainableCall(config, 3);
        var learnt = call.Learn(network, seed: 5);
        Near(learnt, call.Learn(network, seed: 5));
        Near(learnt, call.Evaluate(network, network.Parameters, 5));
        Near(learnt, call.Evaluate(network, copy, 5));
        Assert.True(Difference(learnt, call.Evaluate(network, network.Parameters, 6)) > 0.01);
        Assert.True(Difference(learnt, call.Learn(network, seed: 6)) > 0.01);
        Assert.True(Difference(learnt, call.Evaluate(network, network.Parameters, null)) > 0.01);

        // After a pass without dropout there is dropout again.
        Near(learnt, call.Learn(network, seed: 5));
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        var config = TrainableNetworks.Named("conditional");
        using var network = Create(config, seed: 7);
        var output = new float[new TrainableCall(config, 2).Direction.Length];
        foreach (var wrong in (Action<TrainableCall>[])
        [
            call => call.Sample = call.Sample[1..],
            call => call.Timesteps = [1, 2, 3],
            call => call.Labels = [],
            call => call.Labels = [0, 5],
            call => call.Labels = [-1, 0],
            call => call.Direction = call.Direction[1..],
        ])
        {
            var call = new TrainableCall(config, 2);
            wrong(call);
            Assert.ThrowsAny<ArgumentException>(() => call.Learn(network));
            if (call.Direction.Length == output.Length)
            {
                Assert.ThrowsAny<ArgumentException>(() => network.Evaluate(network.Parameters, call.Input, null, output));
            }
        }

        Assert.ThrowsAny<ArgumentException>(() => network.Evaluate(network.Parameters, new TrainableCall(config, 2).Input, null, new float[output.Length + 1]));
    }

    [Fact]
    public void A_pass_is_followed_back_once_by_a_gradient_that_fits()
    {
        var config = TrainableNetworks.Named("plain");
        using var network = Create(config, seed: 7);
        var call = new TrainableCall(config, 2);
        call.Learn(network);
        var once = Values(network.Gradients);
        network.Gradients.Clear();
        var pass = network.Forward(call.Input, 1, new float[call.Direction.Length]);
        Assert.ThrowsAny<ArgumentException>(() => pass.Backward(new float[call.Direction.Length - 1]));
        pass.Backward(call.Direction);
        Assert.Throws<InvalidOperationException>(() => pass.Backward(call.Direction));
        Near(once, Values(network.Gradients));
        pass.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pass.Backward(call.Direction));
        pass.Dispose();
        using var unused = network.Forward(call.Input, 1, new float[call.Direction.Length]);
        network.Parameters.Scale(0.5);
        Assert.Throws<InvalidOperationException>(() => unused.Backward(call.Direction));
        Near(once, Values(network.Gradients));
    }

    [Fact]
    public void Nothing_is_left_of_steps_or_of_the_network()
    {
        var config = TrainableNetworks.Named("conditional");
        var call = new TrainableCall(config, 1);
        var before = Held;
        using (var network = Create(config, seed: 7))
        using (var first = network.NewBuffer())
        using (var second = network.NewBuffer())
        using (var average = network.NewBuffer())
        {
            average.CopyFrom(network.Parameters);
            long settled = 0;
            for (var i = 0; i < 200; i++)
            {
                network.Gradients.Clear();
                call.Learn(network, seed: i);
                using (network.Forward(call.Input, i, new float[call.Direction.Length]))
                {
                    // Not followed back.
                }

                network.Gradients.Scale(1 / Math.Max(1, network.Gradients.Norm()));
                network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 1e-4, 1, L2: 0.01, Decay: 0.01));
                average.Lerp(network.Parameters, 0.1);
                call.Evaluate(network, average, seed: null);
                call.Evaluate(network, network.Parameters, seed: i);
                using (var passing = network.NewBuffer())
                {
                    passing.CopyFrom(average);
                    call.Evaluate(network, passing, seed: null);
                }

                settled = i == 4 ? Held : settled;
            }

            Assert.Equal(settled, Held);
        }

        Assert.Equal(before, Held);
    }

    private ITrainableUNet Create(UNet2DConfig config, ulong seed, int augmentLabels = 0)
    {
        var network = ((ITrainingEngine)Engine).Create(UNet2DDescription.Of(config, augmentLabels), new EngineOptions());
        Fill(network.Parameters, network, seed);
        return network;
    }

    private static void Fill(IParameterBuffer buffer, ITrainableUNet network, ulong seed) =>
        buffer.Write(0, FreshParameters(network.Description, seed));

    /// <summary>Fresh values with nothing at 0 or 1, which would hide gradients and factors that are mixed up.</summary>
    internal static float[] FreshParameters(UNet2DDescription description, ulong seed)
    {
        var generator = new TorchGenerator(seed);
        var all = new List<float>();
        foreach (var parameter in description.Parameters)
        {
            var values = new float[parameter.Count];
            FreshValues.Fill(parameter, generator, zeroResiduals: false, values);
            if (parameter.Initialization is ParameterInitialization.One or ParameterInitialization.Zero)
            {
                var spread = new float[values.Length];
                generator.Randn(spread);
                values = [.. values.Zip(spread, (value, deviation) => value + (0.3f * deviation))];
            }

            all.AddRange(values);
        }

        return [.. all];
    }

    private float[] Loaded(ITrainableUNet network, IParameterBuffer buffer, TrainableCall call)
    {
        using var weights = new MemoryTensors();
        var offset = 0L;
        foreach (var parameter in network.Description.Parameters)
        {
            var values = new float[parameter.Count];
            buffer.Read(offset, values);
            weights.Add(parameter.Name, values, [.. parameter.Shape]);
            offset += parameter.Count;
        }

        using var loaded = Engine.Load(network.Description.Config, weights, new EngineOptions(), TestContext.Current.CancellationToken);
        var output = new float[call.Direction.Length];
        loaded.Forward(call.Sample, call.Shape, call.Timesteps, call.Labels, output, TestContext.Current.CancellationToken);
        return output;
    }

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }

    private static double Difference(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual, (a, b) => float.IsNaN(a - b) ? double.PositiveInfinity : Math.Abs((double)a - b)).Max() / Math.Max(1e-30, expected.Max(Math.Abs));
    }

    private static void Near(float[] expected, float[] actual)
    {
        var difference = Difference(expected, actual);
        Assert.True(difference <= Rounding, $"They differ by {difference:E1} of the largest value, at most {Rounding}.");
    }
}
