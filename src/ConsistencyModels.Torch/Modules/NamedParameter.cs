using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A module that is one parameter called "weight", as an embedding is.</summary>
internal sealed class NamedParameter : nn.Module
{
    public NamedParameter(string name, Parameter weight)
        : base(name) => register_parameter("weight", weight);
}
