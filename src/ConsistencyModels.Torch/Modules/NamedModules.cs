using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Modules;

/// <summary>A level in the tree of names, with nothing of its own.</summary>
internal sealed class NamedModules(string name) : nn.Module(name)
{
    /// <summary>Puts a module where its dotted name says, with the levels that are missing above it.</summary>
    public static void Register(nn.Module root, string path, nn.Module module)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            root.register_module(path, module);
            return;
        }

        var name = path[..dot];
        var level = root.named_children().FirstOrDefault(child => child.name == name).module;
        if (level is null)
        {
            level = new NamedModules(name);
            root.register_module(name, level);
        }

        Register(level, path[(dot + 1)..], module);
    }
}
