using System.Runtime.CompilerServices;
using ConsistencyModels.Torch.Native;
using TorchSharp;

namespace ConsistencyModels.Training.Tests;

/// <summary>Tests run beside each other already: libtorch's own threads on top of that make them ten times slower.</summary>
internal static class OneThread
{
    [ModuleInitializer]
    internal static void Set()
    {
        TorchRuntime.EnsureLoaded();
        torch.set_num_threads(1);
    }
}
