using ConsistencyModels.Networks;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>One level of the network: its layers under diffusers' names. How they are chained is the network's business.</summary>
internal sealed class UNetBlock : nn.Module
{
    private readonly ResnetBlock2D? _resnetResampler;
    private readonly ResampleConv? _convResampler;

    public UNetBlock(ParameterStore store, BlockDescription description, UNet2DConfig config, DropoutGenerator dropout)
        : base(description.Name)
    {
        Attentions = [.. description.Attentions.Select(a => new AttentionBlock(store, a, config.NormEps))];
        Resnets = [.. description.Resnets.Select(r => new ResnetBlock2D(store, r, config, dropout))];
        if (Attentions.Count > 0)
        {
            register_module("attentions", nn.ModuleList([.. Attentions]));
        }

        register_module("resnets", nn.ModuleList([.. Resnets]));
        if (description.Resample is not { } resample)
        {
            return;
        }

        nn.Module resampler = resample.Resnet is { } resnet
            ? _resnetResampler = new ResnetBlock2D(store, resnet, config, dropout)
            : _convResampler = new ResampleConv(store, resample, config.DownsamplePadding);
        register_module(resample.Kind == ResampleKind.Down ? "downsamplers" : "upsamplers", nn.ModuleList(resampler));
    }

    /// <summary>Attention layers, or none.</summary>
    public IReadOnlyList<AttentionBlock> Attentions { get; }

    /// <summary>Residual blocks.</summary>
    public IReadOnlyList<ResnetBlock2D> Resnets { get; }

    /// <summary>Whether the block changes the size at its end.</summary>
    public bool Resamples => _resnetResampler is not null || _convResampler is not null;

    /// <summary>The change of size at the block's end.</summary>
    public Tensor Resample(Tensor x, Tensor activatedTime) =>
        _resnetResampler?.forward(x, activatedTime) ?? _convResampler!.forward(x);
}
