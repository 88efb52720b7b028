using System.Runtime.InteropServices;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// Keeps libtorch's warnings off the error stream: on a machine without NNPACK every convolution of one image writes one.
/// Python's torch sets the level from TORCH_CPP_LOG_LEVEL as it is imported; a C++ program has to do it itself.
/// </summary>
internal static class NativeLog
{
    private const string LevelVariable = "TORCH_CPP_LOG_LEVEL";
    private const int Errors = 2;

    /// <summary>Shows errors only, unless the user has asked for another level.</summary>
    /// <param name="c10">The loaded libc10.</param>
    public static unsafe void ErrorsOnly(nint c10)
    {
        if (Environment.GetEnvironmentVariable(LevelVariable) is { Length: > 0 })
        {
            // c10::initLogging() reads the variable.
            if (NativeLibrary.TryGetExport(c10, "_ZN3c1011initLoggingEv", out var initialize))
            {
                ((delegate* unmanaged<void>)initialize)();
            }
        }
        else if (NativeLibrary.TryGetExport(c10, "FLAGS_caffe2_log_level", out var level))
        {
            *(int*)level = Errors;
        }
    }
}
