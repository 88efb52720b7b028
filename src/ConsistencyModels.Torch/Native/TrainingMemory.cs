using System.Collections;
using System.Runtime.InteropServices;

namespace ConsistencyModels.Torch.Native;

/// <summary>
/// glibc's malloc gives blocks of 32 MB and more back to the system as soon as they are freed, and a free end of the heap too: the
/// activations of a step, which the next one asks for again, and whose pages the kernel clears anew (decision 0015).
/// </summary>
internal static class TrainingMemory
{
    // From malloc.h.
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;

    private const int LargestBlock = 1 << 30;

    private static readonly Lazy<bool> Kept = new(Set);

    /// <summary>Has malloc keep what is freed, for the whole process, unless the user has set malloc up. Once; later calls do nothing.</summary>
    /// <returns>Whether it does: false where malloc is not glibc's.</returns>
    public static bool Keep() => Kept.Value;

    /// <summary>Whether variables of the environment say how malloc is to work.</summary>
    internal static bool IsChosen(IDictionary environment) => environment.Keys.Cast<string>().Any(name =>
        name.StartsWith("MALLOC_", StringComparison.Ordinal)
        || (name == "GLIBC_TUNABLES" && ((string?)environment[name])?.Contains("glibc.malloc.", StringComparison.Ordinal) == true));

    private static unsafe bool Set()
    {
        // musl has no mallopt, and a libc.so.6 only by way of a stand-in.
        if (!OperatingSystem.IsLinux()
            || IsChosen(Environment.GetEnvironmentVariables())
            || !NativeLibrary.TryLoad("libc.so.6", out var libc)
            || !NativeLibrary.TryGetExport(libc, "mallopt", out var address))
        {
            return false;
        }

        var mallopt = (delegate* unmanaged<int, int, int>)address;
        return mallopt(MmapThreshold, LargestBlock) == 1 & mallopt(TrimThreshold, int.MaxValue) == 1;
    }
}
