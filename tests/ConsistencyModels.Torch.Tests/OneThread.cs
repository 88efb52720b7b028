using System.Runtime.CompilerServices;
using ConsistencyModels.Torch.Native;
using TorchSharp;

namespace ConsistencyModels.Torch.Tests;

/// <summary>Runs before the first test, and before the test runner itself.</summary>
internal static class OneThread
{
    [ModuleInitializer]
    internal static void Set()
    {
        if (ChildProcess.IsChild)
        {
            ChildProcess.ListLibrariesAndExit();
        }

        // Tests run beside each other already: libtorch's own threads on top of that make them ten times slower.
        TorchRuntime.EnsureLoaded();
        torch.set_num_threads(1);
    }
}
