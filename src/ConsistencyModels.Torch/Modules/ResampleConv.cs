using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>diffusers' Downsample2D and Upsample2D with convolution: [N, C, H, W] to half or double the size.</summary>
internal sealed class ResampleConv : nn.Module<Tensor, Tensor>
{
    private readonly ResampleKind _kind;
    private readonly bool _padFarEdges;
    private readonly Conv _conv;

    public ResampleConv(ParameterStore store, ResampleDescription description, int downsamplePadding)
        : base(description.ConvName!)
    {
        _kind = description.Kind;
        _padFarEdges = _kind == ResampleKind.Down && downsamplePadding == 0;
        _conv = _kind == ResampleKind.Down
            ? new(store, description.ConvName!, stride: 2, padding: downsamplePadding)
            : new(store, description.ConvName!);
        register_module("conv", _conv);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = _kind == ResampleKind.Up ? Resampling.Double(input)
            : _padFarEdges ? nn.functional.pad(input, (0, 1, 0, 1))
            : input;
        return _conv.forward(x).MoveToOuterDisposeScope();
    }
}
