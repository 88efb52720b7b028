using System.Runtime.Intrinsics.X86;
using ConsistencyModels.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A square convolution with bias over a store's parameters: [N, C, H, W] to [N, C', H', W'].</summary>
internal sealed class Conv : nn.Module<Tensor, Tensor>
{
    // Channels in multiples of this keep clear of the faults that Convolve is about.
    private const int ChannelBlock = 16;

    // For float16, and without AVX-512 for bfloat16 too, libtorch has only its slowest convolution, up to 90 times slower.
    private static readonly bool HasFastBFloat16 = Avx512BW.IsSupported;

    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly bool _padFarEdges;
    private readonly int _missingOutputs;
    private readonly int _missingInputs;

    public Conv(ParameterStore store, ConvolutionLayer layer)
        : base(layer.Name)
    {
        _weight = store[layer.Weight];
        _bias = store[layer.Bias];
        _stride = [layer.Stride, layer.Stride];
        _padding = layer.Padding == ConvolutionPadding.Around ? [1, 1] : [0, 0];
        _padFarEdges = layer.Padding == ConvolutionPadding.FarEdges;
        _missingOutputs = (int)(-_weight.shape[0] & (ChannelBlock - 1));
        _missingInputs = _weight.shape[1] > ChannelBlock && _weight.shape[2] > 1 ? (int)(-_weight.shape[1] & (ChannelBlock - 1)) : 0;
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input)
    {
        if (_padFarEdges)
        {
            using var padded = nn.functional.pad(input, (0, 1, 0, 1));
            return InPrecision(padded);
        }

        return InPrecision(input);
    }

    private Tensor InPrecision(Tensor input)
    {
        if (input.device_type == DeviceType.CPU
            && (input.dtype == ScalarType.Float16 || (input.dtype == ScalarType.BFloat16 && !HasFastBFloat16)))
        {
            using var scope = NewDisposeScope();
            var result = Convolve(input.to(ScalarType.Float32), _weight.to(ScalarType.Float32), _bias.to(ScalarType.Float32));
            return result.to(input.dtype).MoveToOuterDisposeScope();
        }

        return Convolve(input, _weight, _bias);
    }

    // libtorch 2.10 errs on a CPU where channels do not fill blocks of 16: with such outputs the gradient of the input is now
    // and then NaN, and bfloat16 results are off by a third; with such inputs, beyond the first block, any result may be
    // wrong. Zero channels up to the next multiple avoid all three (decision 0001).
    private Tensor Convolve(Tensor input, Tensor weight, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var outputs = weight.shape[0];
        // Attention leaves its output with the channels last, and libtorch ends the process with a division by zero as it
        // chooses a 1x1 convolution from 1024 to 512 channels for such memory (decision 0005).
        if (input.device_type == DeviceType.CPU && weight.shape[2] == 1)
        {
            input = input.contiguous();
        }

        if (input.device_type == DeviceType.CPU && _missingInputs > 0)
        {
            input = nn.functional.pad(input, [0, 0, 0, 0, 0, _missingInputs]);
            weight = nn.functional.pad(weight, [0, 0, 0, 0, 0, _missingInputs]);
        }

        if (input.device_type == DeviceType.CPU && _missingOutputs > 0 && (input.requires_grad || input.dtype == ScalarType.BFloat16))
        {
            weight = cat([weight, zeros([_missingOutputs, .. weight.shape[1..]], dtype: weight.dtype)], dim: 0);
            bias = cat([bias, zeros([_missingOutputs], dtype: bias.dtype)], dim: 0);
        }

        var result = nn.functional.conv2d(input, weight, bias, strides: _stride, padding: _padding);
        return (result.shape[1] == outputs ? result : result.narrow(1, 0, outputs)).MoveToOuterDisposeScope();
    }
}
