namespace ConsistencyModels.Torch.Tests.Native;

/// <summary>TorchSharp's native half as the package has it.</summary>
internal static class ShippedLibrary
{
    internal const string Version = "GLIBCXX_3.4.32";

    internal static string Path { get; } = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();
}
