using ConsistencyModels.Networks;
using ConsistencyModels.Noise;
using ConsistencyModels.Torch.Modules;
using ConsistencyModels.Torch.Native;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

public sealed class ConvTests
{
    // docs/decisions/0001: without padded channels about one call in twenty gives NaN.
    [Fact]
    public void Gradients_of_a_network_with_three_output_channels_are_finite_whatever_the_heap_holds()
    {
        TorchRuntime.EnsureLoaded();
        var config = new UNet2DConfig
        {
            SampleSize = new(32, 32),
            BlockOutChannels = [32],
            DownBlockTypes = ["DownBlock2D"],
            UpBlockTypes = ["UpBlock2D"],
            MidBlockType = null,
            LayersPerBlock = 1,
        };
        using var network = new UNet2DModel(UNet2DDescription.Of(config), trainable: true);
        ParameterFiller.Initialize(network, new TorchGenerator(0), zeroResiduals: false);
        using var x = randn(8, 3, 32, 32);
        using var t = ones(8);
        for (var i = 0; i < 40; i++)
        {
            using var scope = NewDisposeScope();
            Poison();
            network.zero_grad();
            network.forward(x, t, null).sum().backward();
            var gradient = network.ParameterNamed("conv_norm_out.weight").grad!;
            Assert.True(gradient.isfinite().all().item<bool>(), $"call {i}");
        }
    }

    // The up path of this network convolves 8 + 16 channels: not a multiple of 16.
    [Fact]
    public void Pictures_of_a_batch_are_those_of_each_alone_whatever_the_heap_holds()
    {
        TorchRuntime.EnsureLoaded();
        var config = new UNet2DConfig
        {
            SampleSize = new(8, 8),
            BlockOutChannels = [8, 16],
            DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
            MidBlockType = null,
            LayersPerBlock = 1,
            NormNumGroups = 4,
        };
        using var network = new UNet2DModel(UNet2DDescription.Of(config));
        ParameterFiller.Initialize(network, new TorchGenerator(0), zeroResiduals: false);
        using var inference = inference_mode();
        using var x = randn(3, 3, 8, 8);
        using var t = ones(3);
        using var one = ones(1);
        for (var i = 0; i < 10; i++)
        {
            using var scope = NewDisposeScope();
            Poison();
            var together = network.forward(x, t, null);
            var alone = cat([.. Enumerable.Range(0, 3).Select(n => network.forward(x.narrow(0, n, 1), one, null))], dim: 0);
            Assert.InRange((together - alone).abs().max().item<float>(), 0, 1e-4f);
        }
    }

    // docs/decisions/0005: libtorch's own choice for this shape ends the process.
    [Fact]
    public void A_pointwise_convolution_takes_images_with_the_channels_last()
    {
        TorchRuntime.EnsureLoaded();
        var config = new UNet2DConfig
        {
            SampleSize = new(8, 8),
            BlockOutChannels = [512],
            DownBlockTypes = ["DownBlock2D"],
            UpBlockTypes = ["UpBlock2D"],
            MidBlockType = null,
            LayersPerBlock = 1,
        };
        var network = UNet2DDescription.Of(config);
        using var store = new ParameterStore(network, ScalarType.Float32, CPU, trainable: false);
        using var shortcut = new Conv(store, network.Operations.OfType<ResnetOperation>().First(resnet => resnet.Shortcut is not null).Shortcut!);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        store.Flat.zero_().AddInPlace(1f / 1024);
        var image = rand(2, 8, 8, 1024);
        var result = shortcut.forward(image.permute(0, 3, 1, 2));
        Assert.Equal([2L, 512, 8, 8], result.shape);
        var expected = image.mean([3L]).unsqueeze(1).Plus(1f / 1024);
        Assert.InRange((result - expected).abs().max().item<float>(), 0, 1e-4f);
    }

    // Leaves freed blocks full of NaN behind for the next allocations.
    private static void Poison()
    {
        using var scope = NewDisposeScope();
        for (var size = 1 << 6; size <= 1 << 18; size *= 4)
        {
            zeros([size]).AddInPlace(double.NaN);
            zeros([size]).AddInPlace(double.NaN);
        }
    }
}
