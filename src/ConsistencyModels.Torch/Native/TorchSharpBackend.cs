using System.Runtime.InteropServices;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// Makes TorchSharp use libraries from elsewhere than beside the program. Its class constructor loads "torch_cpu" by name,
/// which finds the bundled libtorch although another is in use, and two copies of libtorch in a process end it at once.
/// .NET looks for "torch_cpu.so" before "libtorch_cpu.so", so a stand-in of that name ends the search.
/// </summary>
internal static class TorchSharpBackend
{
    private const string BindingName = "LibTorchSharp";

    /// <summary>Call it before anything of TorchSharp, with libtorch and the binding loaded.</summary>
    /// <param name="binding">The loaded libLibTorchSharp.so.</param>
    /// <exception cref="ConsistencyModelsException">A stand-in cannot be loaded.</exception>
    public static void Use(nint binding)
    {
        foreach (var name in new[] { "torch_cpu.so", "torch_cuda.so", BindingName + ".so" })
        {
            StandInLibrary.Load(name);
        }

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(TorchSharp.torch).Assembly, (name, _, _) => name == BindingName ? binding : 0);
        }
        catch (InvalidOperationException e)
        {
            throw new ConsistencyModelsException(
                $"TorchSharp: this program has its own way to find its libraries, so {TorchRuntime.LibraryFolderVariable} cannot name others", e);
        }
    }
}
