using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A square convolution with bias over a store's parameters: [N, C, H, W] to [N, C', H', W'].</summary>
internal sealed class Conv : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly long[] _stride;
    private readonly long[] _padding;

    public Conv(ParameterStore store, string name, int stride = 1, int padding = 1)
        : base(name)
    {
        _weight = store[$"{name}.weight"];
        _bias = store[$"{name}.bias"];
        _stride = [stride, stride];
        _padding = [padding, padding];
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) =>
        nn.functional.conv2d(input, _weight, _bias, strides: _stride, padding: _padding);
}
