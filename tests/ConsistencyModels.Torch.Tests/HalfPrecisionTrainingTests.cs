using ConsistencyModels.Checkpoints;
using ConsistencyModels.Networks;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

/// <summary>Passes in half precision around sums in single precision.</summary>
public class HalfPrecisionTrainingTests
{
    public static TheoryData<TensorDType, double> Precisions => new() { { TensorDType.BF16, 0.1 }, { TensorDType.F16, 0.02 } };

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Gradients_are_near_those_of_single_precision(TensorDType dtype, double tolerance)
    {
        foreach (var name in (string[])["conditional", "plain", "fourier", "odd"])
        {
            var config = TrainableNetworks.Named(name) with { Dropout = 0 };
            using var single = Create(config, TensorDType.F32);
            using var half = Create(config, dtype);
            var call = new TrainableCall(config, 2);
            var (expectedOutput, output) = (call.Learn(single), call.Learn(half));
            Near(expectedOutput, output, tolerance);
            Near(Values(single.Gradients), Values(half.Gradients), tolerance);
            call.Learn(half);
            Near([.. Values(single.Gradients).Select(value => 2 * value)], Values(half.Gradients), tolerance);
            using var copy = half.NewBuffer();
            copy.CopyFrom(half.Parameters);
            Near(output, call.Evaluate(half, half.Parameters, null), tolerance / 2);
            Near(output, call.Evaluate(half, copy, null), tolerance / 2);
        }
    }

    [Theory]
    [InlineData(TensorDType.BF16)]
    [InlineData(TensorDType.F16)]
    public void Parameters_and_moments_keep_what_half_precision_would_lose(TensorDType dtype)
    {
        using var network = Create(TrainableNetworks.Named("plain"), dtype);
        using var first = network.NewBuffer();
        using var second = network.NewBuffer();
        var ones = Enumerable.Repeat(1f, (int)network.Parameters.Length).ToArray();
        network.Parameters.Write(0, ones);
        network.Gradients.Write(0, Array.ConvertAll(ones, _ => 1e-6f));
        for (var i = 0; i < 10; i++)
        {
            network.Parameters.Adapt(network.Gradients, first, second, new(0.9, 0.99, 1, null));
        }

        // Each step moves by less than a bit of either; 1 - 0.9^k of 1e-6, summed over k = 1 to 10.
        var expected = 1 - (1e-6 * Enumerable.Range(1, 10).Sum(k => 1 - Math.Pow(0.9, k)));
        Assert.All(Values(network.Parameters), value => Assert.Equal(expected, value, 2e-7));
        Assert.All(Values(second), value => Assert.InRange(value, 9e-14f, 1e-13f));
    }

    [Theory]
    [InlineData(TensorDType.F32)]
    [InlineData(TensorDType.BF16)]
    public void Scaling_the_loss_by_a_power_of_two_changes_nothing(TensorDType dtype)
    {
        var config = TrainableNetworks.Named("conditional");
        using var network = Create(config, dtype);
        var call = new TrainableCall(config, 2);
        call.Learn(network);
        var expected = Values(network.Gradients);
        network.Gradients.Clear();
        call.Learn(network, scale: 4096);
        network.Gradients.Scale(1 / 4096.0);
        Assert.Equal(expected, Values(network.Gradients));
    }

    [Fact]
    public void Scaling_the_loss_saves_small_gradients_of_float16()
    {
        var config = TrainableNetworks.Named("plain") with { Dropout = 0 };
        using var single = Create(config, TensorDType.F32);
        using var half = Create(config, TensorDType.F16);
        var call = new TrainableCall(config, 2);
        call.Direction = Array.ConvertAll(call.Direction, value => value * 1e-7f);
        call.Learn(single);
        var expected = Values(single.Gradients);
        call.Learn(half, scale: 1 << 20);
        half.Gradients.Scale(1.0 / (1 << 20));
        Near(expected, Values(half.Gradients), 0.02);
        half.Gradients.Clear();
        call.Learn(half);
        Assert.ThrowsAny<Exception>(() => Near(expected, Values(half.Gradients), 0.02));
    }

    [Fact]
    public void Copies_in_half_precision_go_with_their_buffers()
    {
        var config = TrainableNetworks.Named("plain");
        var call = new TrainableCall(config, 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var network = Create(config, TensorDType.BF16))
        {
            long settled = 0;
            for (var i = 0; i < 20; i++)
            {
                network.Gradients.Clear();
                call.Learn(network, seed: i);
                network.Parameters.Lerp(network.Gradients, 1e-4);
                using var buffer = network.NewBuffer();
                buffer.CopyFrom(network.Parameters);
                call.Evaluate(network, buffer, seed: i);
                settled = i == 2 ? DisposeScopeManager.Statistics.ThreadTotalLiveCount : settled;
                Assert.True(i < 2 || DisposeScopeManager.Statistics.ThreadTotalLiveCount == settled, $"step {i}");
            }
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static ITrainableUNet Create(UNet2DConfig config, TensorDType dtype)
    {
        var network = new TorchEngine().Create(UNet2DDescription.Of(config), new EngineOptions { DType = dtype });
        network.Parameters.Write(0, TrainableContract.FreshParameters(network.Description, seed: 7));
        return network;
    }

    private static float[] Values(IParameterBuffer buffer)
    {
        var values = new float[buffer.Length];
        buffer.Read(0, values);
        return values;
    }

    // By norms: single values of a half may be far off.
    private static void Near(float[] expected, float[] actual, double tolerance)
    {
        var apart = Math.Sqrt(expected.Zip(actual, (a, b) => Math.Pow((double)a - b, 2)).Sum() / expected.Sum(value => (double)value * value));
        Assert.True(apart <= tolerance, $"They differ by {apart:E2} of their norm, at most {tolerance}.");
    }
}
