using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A square convolution with bias over a store's parameters: [N, C, H, W] to [N, C', H', W'].</summary>
internal sealed class Conv : nn.Module<Tensor, Tensor>
{
    // Channels in multiples of this keep clear of the faults that Padded is about.
    private const int ChannelBlock = 16;

    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly int _missingOutputs;
    private readonly int _missingInputs;

    public Conv(ParameterStore store, string name, int stride = 1, int padding = 1)
        : base(name)
    {
        _weight = store[$"{name}.weight"];
        _bias = store[$"{name}.bias"];
        _stride = [stride, stride];
        _padding = [padding, padding];
        var (outputs, inputs, kernel) = (_weight.shape[0], _weight.shape[1], _weight.shape[2]);
        _missingOutputs = (int)(-outputs & (ChannelBlock - 1));
        _missingInputs = inputs > ChannelBlock && kernel > 1 ? (int)(-inputs & (ChannelBlock - 1)) : 0;
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input)
    {
        if (input.device_type != DeviceType.CPU)
        {
            return Convolve(input, _weight, _bias);
        }

        var outputs = input.requires_grad || input.dtype == ScalarType.BFloat16 ? _missingOutputs : 0;
        return outputs > 0 || _missingInputs > 0 ? Padded(input, outputs, _missingInputs) : Convolve(input, _weight, _bias);
    }

    // libtorch 2.10 errs on a CPU when the output channels are not a multiple of 16 (the gradient of the input is now and then
    // NaN, and bfloat16 results are off by a third), and in a 3x3 convolution of several images whose input channels are more
    // than 16 and not a multiple of it. Zero channels up to the next multiple avoid all of this (decision 0001).
    private Tensor Padded(Tensor input, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        var (channels, count) = (_weight.shape[0], input.shape[0]);
        Tensor weight = _weight;
        Tensor bias = _bias;
        if (inputs > 0)
        {
            input = cat([input, zeros([count, inputs, input.shape[2], input.shape[3]], dtype: input.dtype)], dim: 1);
            weight = cat([weight, zeros([channels, inputs, .. weight.shape[2..]], dtype: weight.dtype)], dim: 1);
        }

        if (outputs > 0)
        {
            weight = cat([weight, zeros([outputs, .. weight.shape[1..]], dtype: weight.dtype)], dim: 0);
            bias = cat([bias, zeros([outputs], dtype: bias.dtype)], dim: 0);
        }

        return Convolve(input, weight, bias).narrow(1, 0, channels).MoveToOuterDisposeScope();
    }

    private Tensor Convolve(Tensor input, Tensor weight, Tensor bias) =>
        nn.functional.conv2d(input, weight, bias, strides: _stride, padding: _padding);
}
