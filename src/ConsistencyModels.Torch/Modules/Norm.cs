using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>Group normalization over a store's parameters: [N, C, ...] to the same shape.</summary>
internal sealed class Norm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly NormLayer _layer;

    public Norm(ParameterStore store, NormLayer layer)
        : base(layer.Name)
    {
        _layer = layer;
        _weight = store[layer.Weight];
        _bias = store[layer.Bias];
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) => nn.functional.group_norm(input, _layer.Groups, _weight, _bias, _layer.Epsilon);
}
