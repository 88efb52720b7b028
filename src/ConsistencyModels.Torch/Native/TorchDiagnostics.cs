using System.Diagnostics;
using System.Reflection;
using static TorchSharp.torch;

namespace ConsistencyModels.Torch.Native;

/// <summary>What libtorch says about itself and the machine, for reports of trouble.</summary>
/// <param name="TorchSharpVersion">Version of the binding.</param>
/// <param name="LibtorchVersion">Version of libtorch the binding was made for.</param>
/// <param name="LoadTime">How long loading took; next to nothing if libtorch was in use already.</param>
/// <param name="Threads">Compute threads libtorch uses unless told otherwise.</param>
/// <param name="CudaDevices">Number of CUDA devices it can use; 0 where it was built without CUDA.</param>
/// <param name="Libraries">Paths of the native libraries loaded by <see cref="TorchRuntime"/>; empty where TorchSharp loads them itself.</param>
public sealed record TorchDiagnostics(
    string TorchSharpVersion, string LibtorchVersion, TimeSpan LoadTime, int Threads, int CudaDevices, IReadOnlyList<string> Libraries)
{
    /// <summary>Loads libtorch, computes one tensor with it and looks around.</summary>
    /// <exception cref="ConsistencyModelsException">It does not load or does not compute; the message says why, in one line.</exception>
    public static TorchDiagnostics Probe()
    {
        try
        {
            var clock = Stopwatch.StartNew();
            var libraries = TorchRuntime.LoadedLibraries;
            return Look(clock, libraries);
        }
        catch (Exception e) when (e is not ConsistencyModelsException)
        {
            // TorchSharp's own loader wraps its reasons in exceptions of several kinds, one in another.
            var reason = e.GetBaseException();
            throw new ConsistencyModelsException($"libtorch does not load: {reason.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    // A method of its own: its code mentions TorchSharp, whose static constructors must not run before the libraries are there.
    private static TorchDiagnostics Look(Stopwatch clock, IReadOnlyList<string> libraries)
    {
        using (var one = ones(1))
        {
            _ = one.item<float>();
        }

        var assembly = typeof(TorchSharp.torch).Assembly;
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version!.ToString();
        return new(
            version.Split('+')[0], __version__, clock.Elapsed, get_num_threads(), cuda.is_available() ? cuda.device_count() : 0, libraries);
    }
}
