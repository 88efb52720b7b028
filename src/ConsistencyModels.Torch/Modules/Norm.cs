using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>Group normalization over a store's parameters: [N, C, ...] to the same shape.</summary>
internal sealed class Norm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly int _groups;
    private readonly double _eps;

    public Norm(ParameterStore store, string name, int groups, double eps)
        : base(name)
    {
        _weight = store[$"{name}.weight"];
        _bias = store[$"{name}.bias"];
        _groups = groups;
        _eps = eps;
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) => nn.functional.group_norm(input, _groups, _weight, _bias, _eps);
}
