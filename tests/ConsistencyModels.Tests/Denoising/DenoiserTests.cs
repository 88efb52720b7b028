using ConsistencyModels.Denoising;
using ConsistencyModels.Tests.Networks;

namespace ConsistencyModels.Tests.Denoising;

public class DenoiserTests
{
    private static readonly ImageShape Shape = new(3, 3, 8, 8);

    [Fact]
    public void Combines_skip_and_network_with_each_images_own_sigma()
    {
        var denoiser = Make(out var network, clip: false);
        var x = Ramp(Shape.Length, 3);
        float[] sigmas = [0.01f, 1, 20];
        var result = new float[x.Length];
        denoiser.Denoise(x, Shape, NoiseLevel.Of(sigmas), [], result, TestContext.Current.CancellationToken);
        for (var i = 0; i < x.Length; i++)
        {
            double s = sigmas[i / Shape.ImageLength];
            var norm = Math.Sqrt((s * s) + 0.25);
            var f = PointwiseUNet.Pixel((float)(x[i] / norm), (float)(250 * Math.Log(s)), 0);
            var expected = (0.25 / (Math.Pow(s - 0.002, 2) + 0.25) * x[i]) + ((s - 0.002) * 0.5 / norm * f);
            Assert.Equal(expected, result[i], 1e-5);
        }

        Assert.Equal(3, Assert.Single(network.Calls).Timesteps.Length);
    }

    [Fact]
    public void Is_the_identity_at_epsilon_bit_for_bit()
    {
        var denoiser = Make(out _, clip: false);
        var x = Ramp(Shape.Length, 5);
        var result = new float[x.Length];
        denoiser.Denoise(x, Shape, [0.002f], [], result, TestContext.Current.CancellationToken);
        Assert.Equal(x, result);
    }

    [Fact]
    public void Clipping_keeps_results_between_minus_one_and_one()
    {
        var x = Ramp(Shape.Length, 50);
        var free = new float[x.Length];
        var clipped = new float[x.Length];
        Make(out _, clip: false).Denoise(x, Shape, [0.5f], [], free, TestContext.Current.CancellationToken);
        Make(out _, clip: true).Denoise(x, Shape, [0.5f], [], clipped, TestContext.Current.CancellationToken);
        Assert.True(free.Max() > 1 && free.Min() < -1);
        Assert.Equal(free.Select(v => Math.Clamp(v, -1, 1)), clipped);
    }

    [Fact]
    public void A_batch_is_one_network_call_however_large()
    {
        var shape = new ImageShape(40, 1, 256, 256);
        var network = new PointwiseUNet(PointwiseUNet.SmallConfig(channels: 1));
        new Denoiser(network, Preconditioning.Edm(), clip: false)
            .Denoise(new float[shape.Length], shape, [1f], [], new float[shape.Length], TestContext.Current.CancellationToken);
        Assert.Equal([40], network.Calls.Select(c => c.Shape.Batch));
    }

    [Fact]
    public void The_network_is_told_the_conditioning_that_was_given_and_not_one_made_of_sigma()
    {
        var denoiser = Make(out var network);
        NoiseLevel[] levels = [new(1, 12.5), 2f, new(80, 1095.5066586684702)];
        denoiser.Denoise(new float[Shape.Length], Shape, levels, [], new float[Shape.Length], TestContext.Current.CancellationToken);
        Assert.Equal([12.5f, 250 * MathF.Log(2), 1095.50671f], Assert.Single(network.Calls).Timesteps);
    }

    [Fact]
    public void The_result_may_overwrite_the_input()
    {
        var x = Ramp(Shape.Length, 2);
        var apart = new float[x.Length];
        var denoiser = Make(out _);
        denoiser.Denoise(x, Shape, [2f], [], apart, TestContext.Current.CancellationToken);
        denoiser.Denoise(x, Shape, [2f], [], x, TestContext.Current.CancellationToken);
        Assert.Equal(apart, x);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_network_that_breaks_is_reported_with_the_image_even_when_clipping(float bad)
    {
        var network = new PointwiseUNet(PointwiseUNet.SmallConfig())
        {
            AfterPass = (_, _, output) =>
            {
                output[(3 * Shape.ImageLength) + 5] = bad;
            },
        };
        var denoiser = new Denoiser(network, Preconditioning.Consistency(), clip: true);
        var shape = Shape.WithBatch(6);
        var error = Assert.Throws<NonFiniteOutputException>(
            () => denoiser.Denoise(new float[shape.Length], shape, [4f], [], new float[shape.Length], TestContext.Current.CancellationToken));
        Assert.Equal([3], error.Images);
        Assert.Contains("sigma 4 in image 3 of the batch", error.Message);
    }

    [Fact]
    public void Wrong_arguments_are_named()
    {
        var denoiser = Make(out _, classes: 10);
        var x = new float[Shape.Length];
        Refused<ArgumentException>("takes [N, 3, H, W]", x, Shape with { Channels = 1 }, [1f], [0, 0, 0]);
        Refused<ArgumentException>("multiples of 2", x, Shape with { Height = 7 }, [1f], [0, 0, 0]);
        Refused<ArgumentException>($"{Shape.Length}", x[1..], Shape, [1f], [0, 0, 0]);
        Refused<ArgumentException>("one for each image, or one", x, Shape, [1f, 2f], [0, 0, 0]);
        Refused<ArgumentOutOfRangeException>("from 0 up", x, Shape, [-1f], [0, 0, 0]);
        Refused<ArgumentOutOfRangeException>("from 0 up", x, Shape, [float.NaN], [0, 0, 0]);
        Refused<ArgumentException>("2 class labels for a batch of 3", x, Shape, [1f], [0, 0]);
        Refused<ArgumentException>("0 to 9", x, Shape, [1f], [0, 10, 0]);
        Refused<ArgumentException>("0 to 9", x, Shape, [1f], [0, -1, 0]);

        void Refused<T>(string part, float[] input, ImageShape shape, float[] sigmas, int[] labels)
            where T : ArgumentException
        {
            var error = Assert.Throws<T>(() => denoiser.Denoise(input, shape, NoiseLevel.Of(sigmas), labels, new float[Shape.Length], TestContext.Current.CancellationToken));
            Assert.Contains(part, error.Message);
        }
    }

    [Fact]
    public void Labels_for_a_network_without_classes_are_refused()
    {
        var denoiser = Make(out _);
        Assert.Throws<ArgumentException>(() => denoiser.Denoise(
            new float[Shape.Length], Shape, [1f], [0, 0, 0], new float[Shape.Length], TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_network_that_predicts_a_variance_too_is_refused()
    {
        var network = new PointwiseUNet(PointwiseUNet.SmallConfig() with { OutChannels = 6 });
        var error = Assert.Throws<ConsistencyModelsException>(() => new Denoiser(network, Preconditioning.Edm(), clip: true));
        Assert.Contains("out_channels is 6", error.Message);
    }

    [Fact]
    public void A_cancelled_call_does_not_reach_the_network()
    {
        var denoiser = Make(out var network);
        Assert.Throws<OperationCanceledException>(() => denoiser.Denoise(
            new float[Shape.Length], Shape, [1f], [], new float[Shape.Length], new CancellationToken(canceled: true)));
        Assert.Empty(network.Calls);
    }

    private static Denoiser Make(out PointwiseUNet network, bool clip = false, int? classes = null)
    {
        network = new PointwiseUNet(PointwiseUNet.SmallConfig(classes));
        return new Denoiser(network, Preconditioning.Consistency(), clip);
    }

    private static float[] Ramp(int length, float scale) =>
        [.. Enumerable.Range(0, length).Select(i => scale * MathF.Sin(i * 0.37f))];
}
