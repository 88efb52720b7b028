using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A linear layer with bias over a store's parameters: [..., in] to [..., out].</summary>
internal sealed class Dense : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public Dense(ParameterStore store, LinearLayer layer)
        : base(layer.Name)
    {
        _weight = store[layer.Weight];
        _bias = store[layer.Bias];
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight, _bias);
}
