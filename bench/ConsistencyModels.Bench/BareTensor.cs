using ConsistencyModels.Torch.Native;
using TorchSharp;

namespace ConsistencyModels.Bench;

/// <summary>The baseline of start-up and memory: a program that loads libtorch, makes one tensor and ends.</summary>
internal static class BareTensor
{
    public static int Run()
    {
        TorchRuntime.EnsureLoaded();
        using var tensor = torch.ones(3);
        Console.WriteLine(tensor.numel());
        Console.WriteLine(ChildProcess.PeakKilobytes());
        return 0;
    }
}
