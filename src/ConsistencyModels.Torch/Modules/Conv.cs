using System.Runtime.Intrinsics.X86;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A square convolution with bias over a store's parameters: [N, C, H, W] to [N, C', H', W'].</summary>
internal sealed class Conv : nn.Module<Tensor, Tensor>
{
    // Output channels in multiples of this keep clear of the fault that Padded is about.
    private const int ChannelBlock = 16;

    // For float16, and without AVX-512 for bfloat16 too, libtorch has only its slowest convolution, up to 90 times slower.
    private static readonly bool HasFastBFloat16 = Avx512BW.IsSupported;

    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly int _missingChannels;
    private readonly int _missingInputs;

    public Conv(ParameterStore store, string name, int stride = 1, int padding = 1)
        : base(name)
    {
        _weight = store[$"{name}.weight"];
        _bias = store[$"{name}.bias"];
        _stride = [stride, stride];
        _padding = [padding, padding];
        _missingChannels = (int)(-_weight.shape[0] & (ChannelBlock - 1));
        _missingInputs = _weight.shape[1] > ChannelBlock && _weight.shape[2] > 1 ? (int)(-_weight.shape[1] & (ChannelBlock - 1)) : 0;
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input)
    {
        if (input.device_type == DeviceType.CPU)
        {
            if (input.dtype == ScalarType.Float16 || (input.dtype == ScalarType.BFloat16 && !HasFastBFloat16))
            {
                return InFloat32(input);
            }

            if (_missingInputs > 0 || (_missingChannels > 0 && (input.requires_grad || input.dtype == ScalarType.BFloat16)))
            {
                return Padded(input);
            }
        }

        return nn.functional.conv2d(input, _weight, _bias, strides: _stride, padding: _padding);
    }

    private Tensor InFloat32(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var weight = _weight.to(ScalarType.Float32);
        var result = nn.functional.conv2d(
            input.to(ScalarType.Float32), weight, _bias.to(ScalarType.Float32), strides: _stride, padding: _padding);
        return result.to(input.dtype).MoveToOuterDisposeScope();
    }

    // libtorch 2.10 errs on a CPU when the output channels are not a multiple of 16: the gradient of the input is now and
    // then NaN, and bfloat16 results are off by a third. Zero channels up to the next multiple avoid both (decision 0001).
    private Tensor Padded(Tensor input)
    {
        using var scope = NewDisposeScope();
        var shape = _weight.shape;
        var weight = _weight.alias();
        if (_missingInputs > 0)
        {
            // The forward pass has the same fault for input channels above one block that do not fill the last.
            weight = nn.functional.pad(weight, [0, 0, 0, 0, 0, _missingInputs]);
            input = nn.functional.pad(input, [0, 0, 0, 0, 0, _missingInputs]);
            shape = weight.shape;
        }

        weight = cat([weight, zeros([_missingChannels, .. shape[1..]], dtype: _weight.dtype)], dim: 0);
        var bias = cat([_bias, zeros([_missingChannels], dtype: _bias.dtype)], dim: 0);
        return nn.functional.conv2d(input, weight, bias, strides: _stride, padding: _padding)
            .narrow(1, 0, shape[0]).MoveToOuterDisposeScope();
    }
}
