using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A level in the tree of names, with nothing of its own.</summary>
internal sealed class NamedModules : nn.Module
{
    public NamedModules(string name, params (string Name, nn.Module Module)[] children)
        : base(name)
    {
        foreach (var (childName, module) in children)
        {
            register_module(childName, module);
        }
    }
}
