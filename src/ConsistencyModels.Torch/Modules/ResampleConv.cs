using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>diffusers' Downsample2D and Upsample2D with convolution: [N, C, H, W] to half or double the size.</summary>
internal sealed class ResampleConv : nn.Module<Tensor, Tensor>
{
    private readonly bool _doubles;
    private readonly Conv _conv;

    public ResampleConv(ParameterStore store, ResampleOperation operation)
        : base(operation.Name)
    {
        _doubles = operation.Resampling == Resampling.Up;
        _conv = new(store, operation.Convolution);
        register_module("conv", _conv);
    }

    /// <summary>Nearest-neighbour doubling: [N, C, H, W] to [N, C, 2H, 2W].</summary>
    public static Tensor Double(Tensor x) => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _conv.forward(_doubles ? Double(input) : input).MoveToOuterDisposeScope();
    }
}
