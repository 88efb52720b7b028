using ConsistencyModels.Networks;
using ConsistencyModels.Torch.Modules;
using ConsistencyModels.Torch.Native;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Tests;

public sealed class AttentionTests
{
    // docs/decisions/0012: otherwise everything after the first attention has the channels last, which costs a GPU some percent.
    [Fact]
    public void The_output_lies_in_memory_as_the_input_does()
    {
        TorchRuntime.EnsureLoaded();
        var network = UNet2DDescription.Of(Networks.Conditional);
        var operation = network.Operations.OfType<AttentionOperation>().First();
        using var store = new ParameterStore(network, ScalarType.Float32, CPU, trainable: false);
        using var noGrad = no_grad();
        using var filled = store.Flat.zero_();
        filled.AddInPlace(0.01);
        using var attention = new AttentionBlock(store, operation);
        using var scope = NewDisposeScope();
        var images = randn(2, operation.InnerDim, 4, 4);
        Assert.Equal(images.stride(), attention.forward(images).stride());
        var channelsLast = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        Assert.Equal(channelsLast.stride(), attention.forward(channelsLast).stride());
    }
}
