using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ConsistencyModels.Cli.Reports;

/// <summary>How this program was compiled: ahead of time, for one of the sets that docs/decisions/0020-native-programs.md names, or as it runs.</summary>
internal static class ProgramBuild
{
    /// <summary>"native" with what it was compiled for, or "built" with what compiles it.</summary>
    public static string Describe() => RuntimeFeature.IsDynamicCodeCompiled
        ? "built: .NET compiles it for this processor as it runs"
        : $"native: compiled ahead of time for {Target()}";

    // Constants, where it was compiled ahead of time.
    private static string Target() =>
        Vector512.IsHardwareAccelerated ? "AVX-512 (x86-64-v4)"
        : Avx2.IsSupported ? "AVX2 (x86-64-v3)"
        : X86Base.IsSupported ? "x86-64, which makes it slow"
        : "AdvSimd (arm64)";
}
