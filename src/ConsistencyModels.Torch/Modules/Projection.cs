using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A linear layer without bias over a store's parameter: [..., in] to [..., out].</summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;

    public Projection(ParameterStore store, ProjectionLayer layer)
        : base(layer.Name)
    {
        _weight = store[layer.Weight];
        register_parameter("weight", _weight);
    }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight);
}
