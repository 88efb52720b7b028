using ConsistencyModels.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>An embedding over a store's parameter: labels [N] (int64) to vectors [N, width].</summary>
internal sealed class Table : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;

    public Table(ParameterStore store, EmbeddingLayer layer)
        : base(layer.Name)
    {
        _weight = store[layer.Weight];
        register_parameter("weight", _weight);
    }

    public override Tensor forward(Tensor labels) => _weight.index_select(0, labels);
}
